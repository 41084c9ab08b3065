/* SPDX-License-Identifier: ISC */
#include "proxy/state/state_keys.h"

#include "policy/types.h"
#include "proxy/state/sender_fold.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 64, LOWER_AT_ONCE = 256 };

struct state_keys {
    const struct settings *settings;
    struct slice secret;
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    bool failed; /* the key that is being made */
};

struct slice state_key_slice(const struct state_key *key)
{
    return (struct slice){key->text, key->len};
}

struct state_keys *state_keys_new(const struct settings *settings, struct slice secret)
{
    struct state_keys *keys = calloc(1, sizeof *keys);
    if (!keys)
        return NULL;
    keys->settings = settings;
    keys->secret = secret;
    keys->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    keys->digest = EVP_MD_CTX_new();
    if (!keys->sha256 || !keys->digest)
        state_keys_free(&keys);
    return keys;
}

void state_keys_free(struct state_keys **keys)
{
    if (!*keys)
        return;
    EVP_MD_CTX_free((*keys)->digest);
    EVP_MD_free((*keys)->sha256);
    free(*keys);
    *keys = NULL;
}

static void begin(struct state_keys *keys)
{
    keys->failed = EVP_DigestInit_ex2(keys->digest, keys->sha256, NULL) != 1;
}

static void add_bytes(struct state_keys *keys, const void *bytes, size_t len)
{
    keys->failed |= EVP_DigestUpdate(keys->digest, bytes, len) != 1;
}

/* Lengths go in as well, so that no two lists of parts are the same bytes. */
static void add_number(struct state_keys *keys, uint64_t number)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> (56 - 8 * i));
    add_bytes(keys, bytes, sizeof bytes);
}

static void add_lower(struct state_keys *keys, struct slice text)
{
    char lower[LOWER_AT_ONCE];
    add_number(keys, text.len);
    for (size_t from = 0; from < text.len; from += sizeof lower) {
        struct slice some = slice_sub(text, from, from + sizeof lower);
        for (size_t i = 0; i < some.len; i++)
            lower[i] = ascii_lower(some.ptr[i]);
        add_bytes(keys, lower, some.len);
    }
}

static void add_domain(struct state_keys *keys, struct slice domain)
{
    bool dot = domain.len && domain.ptr[domain.len - 1] == '.';
    add_lower(keys, slice_sub(domain, 0, domain.len - dot));
}

static void add_sender(struct state_keys *keys, struct slice sender)
{
    struct buf folded = buf_init(sender.len + SENDER_FOLD_GROWTH);
    keys->failed |= !sender_fold(&folded, sender);
    add_lower(keys, buf_slice(&folded));
    buf_release(&folded);
}

static void add_network(struct state_keys *keys, const struct ip *ip, unsigned bits4,
                        unsigned bits6)
{
    uint8_t masked[18] = {ip->family, (uint8_t)(ip->family == 4 ? bits4 : bits6)};
    for (unsigned i = 0; i < sizeof ip->bytes && masked[1] > 8 * i; i++) {
        unsigned left = masked[1] - 8 * i;
        masked[2 + i] = ip->bytes[i] & (uint8_t)(left >= 8 ? 0xff : 0xff00 >> left);
    }
    add_bytes(keys, masked, sizeof masked);
}

static struct state_key named(const struct state_keys *keys, const char *kind,
                              const uint8_t digest[static STATE_DIGEST])
{
    char hex[2 * STATE_DIGEST + 1];
    struct state_key key = {.len = 0};
    hex_text((struct slice){(const char *)digest, STATE_DIGEST}, hex);
    struct slice prefix = slice_sub(keys->settings->redis_prefix, 0, REDIS_PREFIX_MAX);
    key.len =
        (size_t)snprintf(key.text, sizeof key.text, "%.*s%s:%s", SLICE_ARGS(prefix), kind, hex);
    return key;
}

struct state_key state_key_digest(const struct state_keys *keys, const char *kind,
                                  const uint8_t digest[static STATE_DIGEST])
{
    return named(keys, kind, digest);
}

static struct state_key finish(struct state_keys *keys, const char *kind)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    if (EVP_DigestFinal_ex(keys->digest, digest, NULL) != 1 || keys->failed)
        return (struct state_key){.len = 0};
    return named(keys, kind, digest);
}

/* The same, under the secret: HMAC of the digest is a PRF of what went into it. */
static bool digest_secretly(struct state_keys *keys, uint8_t mac[static EVP_MAX_MD_SIZE])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0, mac_len = 0;
    return EVP_DigestFinal_ex(keys->digest, digest, &len) == 1 && !keys->failed &&
           keys->secret.len > 0 &&
           HMAC(keys->sha256, keys->secret.ptr, (int)keys->secret.len, digest, len, mac, &mac_len);
}

static struct state_key finish_secretly(struct state_keys *keys, const char *kind)
{
    uint8_t mac[EVP_MAX_MD_SIZE];
    if (!digest_secretly(keys, mac))
        return (struct state_key){.len = 0};
    return named(keys, kind, mac);
}

static void add_client(struct state_keys *keys, const struct ip *client)
{
    add_network(keys, client, keys->settings->greylist_network4, keys->settings->greylist_network6);
}

struct state_key state_key_network(struct state_keys *keys, const struct ip *client)
{
    begin(keys);
    add_client(keys, client);
    return finish(keys, "network");
}

static struct state_key finish_meeting(struct state_keys *keys, const char *kind,
                                       struct slice sender, struct slice recipient)
{
    add_sender(keys, sender);
    add_lower(keys, recipient);
    return finish(keys, kind);
}

struct state_key state_key_greylist(struct state_keys *keys, const struct ip *client,
                                    struct slice sender, struct slice recipient)
{
    begin(keys);
    add_client(keys, client);
    return finish_meeting(keys, "greylist", sender, recipient);
}

struct state_key state_key_greylist_domain(struct state_keys *keys, struct slice domain,
                                           struct slice sender, struct slice recipient)
{
    begin(keys);
    add_domain(keys, domain);
    return finish_meeting(keys, "greylist-domain", sender, recipient);
}

struct state_key state_key_domain(struct state_keys *keys, struct slice domain)
{
    begin(keys);
    add_domain(keys, domain);
    return finish(keys, "domain");
}

struct state_key state_key_sender(struct state_keys *keys, struct slice sender)
{
    begin(keys);
    add_sender(keys, sender);
    return finish(keys, "sender");
}

struct state_key state_key_contact(struct state_keys *keys, struct slice sender,
                                   struct slice recipient)
{
    begin(keys);
    add_sender(keys, sender);
    add_lower(keys, recipient);
    return finish_secretly(keys, "contact");
}

static void add_account(struct state_keys *keys, struct slice address)
{
    size_t at = slice_rfind(address, '@');
    struct slice local = slice_sub(address, 0, at), domain = slice_from(address, at + 1);
    size_t tag = slice_find(local, '+');
    add_lower(keys, slice_sub(local, 0, tag ? tag : local.len));
    add_domain(keys, domain);
}

/* prvs=1234567890=user@example.org is user@example.org. */
static struct slice without_signature(struct slice address)
{
    static const struct slice batv = {"prvs=", 5};
    struct slice tag, rest;
    bool is_signed = slice_istarts(address, batv) &&
                     slice_cut(slice_from(address, batv.len), '=', &tag, &rest) &&
                     slice_find(tag, '@') == tag.len;
    return is_signed ? rest : address;
}

/* Who sends: a login, or an envelope sender; one that is made for each recipient (VERP, SRS) has an = in it. */
static void add_sending(struct state_keys *keys, struct slice name)
{
    struct slice own = without_signature(name);
    if (slice_find(own, '=') < own.len)
        add_sender(keys, own);
    else
        add_account(keys, own);
}

struct state_key state_key_sending(struct state_keys *keys, const char *kind, struct slice account)
{
    begin(keys);
    add_sending(keys, account);
    return finish_secretly(keys, kind);
}

struct state_key state_key_sending_to(struct state_keys *keys, struct slice account, int64_t half)
{
    begin(keys);
    add_sending(keys, account);
    add_number(keys, (uint64_t)half);
    return finish_secretly(keys, "account-to");
}

struct state_key state_key_sending_text(struct state_keys *keys, struct slice account,
                                        const uint8_t digest[static STATE_DIGEST])
{
    begin(keys);
    add_sending(keys, account);
    add_bytes(keys, digest, STATE_DIGEST);
    return finish_secretly(keys, "account-text");
}

struct state_key state_key_notice(struct state_keys *keys, struct slice rule, struct slice account,
                                  struct slice address)
{
    begin(keys);
    add_lower(keys, rule);
    add_sending(keys, account);
    add_lower(keys, address);
    return finish_secretly(keys, "notice");
}

static bool number_secretly(struct state_keys *keys, uint32_t *out)
{
    uint8_t mac[EVP_MAX_MD_SIZE];
    if (!digest_secretly(keys, mac))
        return false;
    *out =
        (uint32_t)(mac[0] & 0x7f) << 24 | (uint32_t)mac[1] << 16 | (uint32_t)mac[2] << 8 | mac[3];
    return true;
}

bool state_number_of_recipient(struct state_keys *keys, struct slice account,
                               struct slice recipient, uint32_t *out)
{
    begin(keys);
    add_lower(keys, SLICE("account-recipient"));
    add_sending(keys, account);
    add_lower(keys, recipient);
    return number_secretly(keys, out);
}

bool state_number_of_network(struct state_keys *keys, struct slice account, uint32_t asn,
                             const struct ip *client, uint32_t *out)
{
    begin(keys);
    add_lower(keys, SLICE("account-network"));
    add_sending(keys, account);
    add_number(keys, asn);
    if (asn == 0)
        add_client(keys, client);
    return number_secretly(keys, out);
}

struct state_key state_key_answered(struct state_keys *keys, struct slice user,
                                    struct slice correspondent)
{
    begin(keys);
    add_account(keys, user);
    add_account(keys, without_signature(correspondent));
    return finish_secretly(keys, "answered");
}

struct state_key state_key_letter(struct state_keys *keys, struct slice id)
{
    begin(keys);
    add_lower(keys, id);
    return finish_secretly(keys, "letter");
}

struct state_account state_account(struct state_keys *keys, struct slice address)
{
    uint8_t mac[EVP_MAX_MD_SIZE];
    char hex[2 * STATE_DIGEST + 1];
    struct state_account account = {""};
    begin(keys);
    add_account(keys, address);
    if (!digest_secretly(keys, mac))
        return account;
    hex_text((struct slice){(const char *)mac, STATE_DIGEST}, hex);
    memcpy(account.text, hex, sizeof account.text - 1);
    return account;
}

struct state_key state_key_opinion(struct state_keys *keys, struct slice author,
                                   struct slice address)
{
    begin(keys);
    add_sender(keys, author);
    add_account(keys, address);
    return finish_secretly(keys, "opinion");
}

struct state_key state_key_opinions(struct state_keys *keys, struct slice address)
{
    begin(keys);
    add_account(keys, address);
    return finish_secretly(keys, "opinions");
}

struct state_key state_key_campaign(struct state_keys *keys, unsigned place, uint64_t digest)
{
    begin(keys);
    add_number(keys, place);
    add_number(keys, digest);
    return finish(keys, "campaign");
}

struct state_key state_key_logins(struct state_keys *keys, enum login_counter counter,
                                  const struct ip *client, struct slice user, const char *kind)
{
    begin(keys);
    add_number(keys, counter);
    if (counter != LOGINS_OF_USER)
        add_client(keys, client);
    if (counter != LOGINS_OF_NETWORK)
        add_lower(keys, user);
    return finish(keys, kind);
}

static bool add_value(struct state_keys *keys, const struct type *type, const struct value *value,
                      bool domain)
{
    if (domain) {
        add_domain(keys, slice_from(value->text, slice_rfind(value->text, '@') + 1));
    } else if (type->kind == TYPE_DOMAIN) {
        add_domain(keys, value->text);
    } else if (type_is_textual(type)) {
        add_lower(keys, value->text);
    } else if (type->kind == TYPE_IP) {
        add_network(keys, &value->ip, 32, RATE_NETWORK6);
    } else {
        struct buf bytes = buf_init(VALUE_MAX);
        bool fits = value_encode(&bytes, type, value);
        add_bytes(keys, buf_slice(&bytes).ptr, buf_len(&bytes));
        buf_release(&bytes);
        return fits;
    }
    return true;
}

static enum rate_value rate_value(const struct policy_key *rate, const struct facts *facts)
{
    enum rate_value result = RATE_COUNTABLE;
    for (size_t i = 0; i < rate->of_count; i++) {
        enum value_state state = facts->fact[rate->of[i].fact].state;
        if (state == VALUE_ABSENT)
            return RATE_ABSENT;
        if (state != VALUE_KNOWN)
            result = RATE_UNKNOWN;
    }
    return result;
}

static bool add_rate(struct state_keys *keys, const struct policy_key *rate,
                     const struct facts *facts, int64_t window)
{
    add_number(keys, rate->event);
    add_number(keys, (uint64_t)window);
    for (size_t i = 0; i < rate->of_count; i++) {
        enum fact fact = rate->of[i].fact;
        add_lower(keys, slice_of(fact_info(fact)->name));
        add_number(keys, rate->of[i].domain);
        if (!add_value(keys, &fact_info(fact)->type, &facts->fact[fact], rate->of[i].domain))
            return false;
    }
    return true;
}

static struct state_key rate_bucket(const struct state_key *base, int64_t bucket)
{
    struct state_key key = *base;
    if (key.len)
        key.len += (size_t)snprintf(key.text + key.len, sizeof key.text - key.len, ":%lld",
                                    (long long)bucket);
    return key;
}

enum rate_value state_key_rate(struct state_keys *keys, const struct policy_key *rate,
                               const struct facts *facts, int64_t now, struct rate_keys *out)
{
    enum rate_value value = rate_value(rate, facts);
    if (value != RATE_COUNTABLE)
        return value;
    int64_t window = rate->window / 1000 + (rate->window % 1000 > 0);
    out->window = window > 0 ? window : 1;
    begin(keys);
    if (!add_rate(keys, rate, facts, out->window))
        return RATE_UNKNOWN;
    struct state_key base = finish(keys, "rate");
    out->current = rate_bucket(&base, now / out->window);
    out->previous = rate_bucket(&base, now / out->window - 1);
    out->passed = (double)(now % out->window) / (double)out->window;
    return base.len ? RATE_COUNTABLE : RATE_UNKNOWN;
}
