/* SPDX-License-Identifier: ISC */
#include "filters/sender/key_record.h"

#include "filters/mime/transfer.h"
#include "filters/sender/tag_list.h"
#include "policy/spelling.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

struct slice key_record_name(struct arena *arena, struct slice selector, struct slice domain)
{
    static const char middle[] = "._domainkey.";
    selector = spell_domain(arena, selector);
    domain = spell_domain(arena, domain);
    if (!selector.ptr || !domain.ptr)
        return (struct slice){NULL, 0};
    size_t at = selector.len + sizeof middle - 1;
    char *name = arena_alloc(arena, at + domain.len + 1);
    if (!name)
        return (struct slice){NULL, 0};
    memcpy(name, selector.ptr, selector.len);
    memcpy(name + selector.len, middle, sizeof middle - 1);
    memcpy(name + at, domain.ptr, domain.len);
    return (struct slice){name, at + domain.len};
}

static bool looks_like_a_key(struct slice record)
{
    struct tag_list tags;
    return tag_list_parse(record, &tags) && tag_find(&tags, SLICE("p"));
}

const char *key_record_choose(const struct dns_answer *answer, struct slice *record,
                              bool *temporary)
{
    size_t keys = 0;
    *temporary = dns_failed(answer);
    if (*temporary)
        return answer->status == DNS_FAILED      ? "DNS failed for the key"
               : answer->status == DNS_TIMED_OUT ? "DNS timed out for the key"
                                                 : "too many DNS questions to ask for the key";
    if (answer->status != DNS_FOUND || answer->count == 0)
        return "no key in DNS";
    *record = answer->records[0].text;
    for (size_t i = 0; i < answer->count; i++)
        if (looks_like_a_key(answer->records[i].text) && keys++ == 0)
            *record = answer->records[i].text;
    return keys > 1 ? "more than one key record" : NULL;
}

bool key_base64(struct arena *arena, struct slice text, struct slice *octets)
{
    struct base64 decoder = {0};
    char *out = arena_alloc(arena, transfer_bound(text.len));
    if (!out)
        return false;
    octets->ptr = out;
    octets->len = base64_decode(&decoder, text, out);
    octets->len += base64_finish(&decoder, out + octets->len);
    return octets->len > 0 &&
           !(decoder.found & (BASE64_JUNK | BASE64_GOES_ON | BASE64_BAD_PADDING));
}

static EVP_PKEY *decode_rsa(struct slice der)
{
    const unsigned char *at = (const unsigned char *)der.ptr;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)der.len);
    if (!key) { /* what RFC 6376 3.6.1 says, and few publish: the bare RSAPublicKey */
        at = (const unsigned char *)der.ptr;
        key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)der.len);
    }
    if (key && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

/* A key in another form than the usual is decoded, and encoded in that. */
static const char *convert_rsa(struct arena *arena, struct slice octets, struct key_record *key)
{
    EVP_PKEY *decoded = decode_rsa(octets);
    if (!decoded)
        return "the key cannot be decoded";
    int length = i2d_PUBKEY(decoded, NULL);
    unsigned char *der = length > 0 ? arena_alloc(arena, (size_t)length) : NULL;
    struct slice usual = {(char *)der, der ? (size_t)length : 0};
    if (der)
        i2d_PUBKEY(decoded, &der);
    EVP_PKEY_free(decoded);
    if (!usual.ptr)
        return "out of memory";
    return rsa_key_read(usual, &key->rsa) ? NULL : "the key cannot be decoded";
}

static const char *read_rsa(struct arena *arena, struct slice octets, struct key_record *key)
{
    const char *wrong = rsa_key_read(octets, &key->rsa) ? NULL : convert_rsa(arena, octets, key);
    if (wrong)
        return wrong;
    key->bits = rsa_key_bits(&key->rsa);
    return key->bits > KEY_BITS_MAX ? "the key is longer than 8192 bits" : NULL;
}

static const char *read_key(struct arena *arena, struct slice p, struct key_record *key)
{
    struct slice octets;
    if (!key_base64(arena, p, &octets))
        return "the key is no base64";
    if (!key->ed25519)
        return read_rsa(arena, octets, key);
    key->bits = 256;
    key->point = octets;
    return octets.len == 32 ? NULL : "the key cannot be decoded";
}

static bool allows(const struct tag_list *tags, struct slice name, struct slice wanted)
{
    const struct tag *tag = tag_find(tags, name);
    return !tag || tag_items_have(tag->value, wanted);
}

const char *key_record_read(struct arena *arena, struct slice record, struct slice algorithm,
                            struct key_record *key)
{
    struct tag_list tags;
    struct slice type =
        slice_istarts(algorithm, SLICE("ed25519-")) ? SLICE("ed25519") : SLICE("rsa");
    *key = (struct key_record){.ed25519 = type.len == 7};
    if (!tag_list_parse(record, &tags) || !tag_find(&tags, SLICE("p")))
        return "the key record is malformed";
    if (tag_find(&tags, SLICE("v")) &&
        (!slice_eq(tags.tags[0].name, SLICE("v")) || !slice_eq(tags.tags[0].value, SLICE("DKIM1"))))
        return "the key record is of another version";
    if (tag_value(&tags, SLICE("p")).len == 0)
        return "the key is revoked";
    if (!slice_ieq(tag_find(&tags, SLICE("k")) ? tag_value(&tags, SLICE("k")) : SLICE("rsa"), type))
        return "the key is of another type";
    if (!allows(&tags, SLICE("h"), SLICE("sha256")))
        return "the key does not allow sha256";
    if (!allows(&tags, SLICE("s"), SLICE("*")) && !allows(&tags, SLICE("s"), SLICE("email")))
        return "the key is not for mail";
    key->test = tag_items_have(tag_value(&tags, SLICE("t")), SLICE("y"));
    key->strict = tag_items_have(tag_value(&tags, SLICE("t")), SLICE("s"));
    return read_key(arena, tag_value(&tags, SLICE("p")), key);
}

/* RFC 8463 3: what is signed is the digest, as a message. */
static bool verifies_ed25519(struct slice point, const unsigned char *digest,
                             struct slice signature)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
                                                (const unsigned char *)point.ptr, point.len);
    EVP_MD_CTX *context = key ? EVP_MD_CTX_new() : NULL;
    bool ok = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestVerify(context, (const unsigned char *)signature.ptr, signature.len, digest,
                               DIGEST_OCTETS) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return ok;
}

bool key_record_verifies(const struct key_record *key, const unsigned char *digest,
                         struct slice signature)
{
    return key->ed25519 ? verifies_ed25519(key->point, digest, signature)
                        : rsa_key_verifies(&key->rsa, digest, signature);
}

bool key_record_same_key(const struct key_record *one, const struct key_record *other)
{
    return one->ed25519 == other->ed25519 && slice_eq(one->point, other->point) &&
           slice_eq(one->rsa.modulus, other->rsa.modulus) &&
           slice_eq(one->rsa.exponent, other->rsa.exponent);
}
