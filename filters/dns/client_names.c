/* SPDX-License-Identifier: ISC */
#include "filters/dns/client_names.h"

#include "filters/dns/org_domain.h"
#include "policy/spelling.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = IP_REVERSED_SIZE + sizeof ".in-addr.arpa" };

/* What looking for an address among a name's addresses tells. */
enum found { FOUND_NOT, FOUND, FOUND_UNKNOWN };

static bool same_ip(const struct ip *a, const struct ip *b)
{
    size_t bytes = a->family == 4 ? 4 : 16;
    return a->family != 0 && a->family == b->family && memcmp(a->bytes, b->bytes, bytes) == 0;
}

static enum dns_type address_type(const struct ip *ip)
{
    return ip->family == 4 ? DNS_A : DNS_AAAA;
}

static enum found leads_to(struct dns_answers *dns, struct slice name, const struct ip *ip)
{
    struct dns_answer answer;
    if (!dns_look_up(dns, name, address_type(ip), &answer) || dns_failed(&answer))
        return FOUND_UNKNOWN;
    for (size_t i = 0; i < answer.count; i++)
        if (same_ip(&answer.records[i].ip, ip))
            return FOUND;
    return FOUND_NOT;
}

/* ---- the client */

static struct slice reverse_name(const struct ip *ip, char out[static NAME_SIZE])
{
    ip_reversed(ip, out);
    size_t len = strlen(out);
    snprintf(out + len, NAME_SIZE - len, "%s", ip->family == 4 ? ".in-addr.arpa" : ".ip6.arpa");
    return slice_of(out);
}

/* Those that could be names of hosts. */
static size_t ptr_names(struct arena *arena, const struct dns_answer *answer,
                        struct slice names[static PTR_NAMES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < answer->count && i < PTR_NAMES_MAX; i++)
        count += domain_normalise(arena, answer->records[i].text, &names[count]);
    return count;
}

static void confirm(struct dns_answers *dns, const struct ip *client, const struct slice *names,
                    size_t count, struct facts *facts)
{
    enum found result = FOUND_NOT;
    struct slice name = names[0];
    for (size_t i = 0; i < count; i++)
        dns_prefetch(dns, names[i], address_type(client));
    for (size_t i = 0; i < count && result != FOUND; i++) {
        enum found found = leads_to(dns, names[i], client);
        if (found == FOUND)
            name = names[i];
        if (found != FOUND_NOT)
            result = found;
    }
    facts->fact[FACT_CLIENT_PTR] = value_text(name);
    facts->fact[FACT_CLIENT_FCRDNS] =
        result == FOUND_UNKNOWN ? value_unknown() : value_bool(result == FOUND);
}

bool client_names(struct arena *arena, struct dns_answers *dns, const struct ip *client,
                  struct facts *facts)
{
    char reverse[NAME_SIZE];
    struct dns_answer answer;
    struct slice names[PTR_NAMES_MAX];
    facts->fact[FACT_CLIENT_PTR] = facts->fact[FACT_CLIENT_FCRDNS] = value_unknown();
    if (client->family == 0)
        return true;
    if (!dns_look_up(dns, reverse_name(client, reverse), DNS_PTR, &answer) || dns_failed(&answer))
        return !arena_failed(arena);
    size_t count = ptr_names(arena, &answer, names);
    if (count > 0) {
        confirm(dns, client, names, count, facts);
    } else {
        facts->fact[FACT_CLIENT_PTR] = value_absent();
        facts->fact[FACT_CLIENT_FCRDNS] = value_bool(false);
    }
    return !arena_failed(arena);
}

/* ---- HELO */

struct helo {
    bool literal, valid; /* [address]; as RFC 5321 writes it */
    struct ip ip;        /* of a literal, or of an address without brackets */
};

static bool is_domain(struct slice name)
{
    struct slice label, rest = name;
    bool more = true, digits = true;
    while (more) {
        more = slice_cut(rest, '.', &label, &rest);
        if (label.len == 0 || label.len > 63 || label.ptr[0] == '-' ||
            label.ptr[label.len - 1] == '-')
            return false;
        digits = true;
        for (size_t i = 0; i < label.len; i++) {
            if (!ascii_alpha(label.ptr[i]) && !ascii_digit(label.ptr[i]) && label.ptr[i] != '-')
                return false;
            digits &= ascii_digit(label.ptr[i]);
        }
    }
    return name.len <= 253 && !digits; /* no top-level domain is a number (RFC 3696 2) */
}

static struct helo read_helo(struct slice text)
{
    struct helo helo = {0};
    bool brackets = text.len > 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']';
    struct slice inner = brackets ? slice_sub(text, 1, text.len - 1) : text;
    bool tag = brackets && slice_istarts(inner, SLICE("IPv6:"));
    if (tag)
        inner = slice_from(inner, 5);
    bool colons = slice_find(inner, ':') < inner.len;
    helo.literal = ip_parse(inner, &helo.ip) && brackets;
    helo.valid = brackets ? helo.literal && tag == colons : is_domain(text);
    return helo;
}

/* Whether it is found, and whether not finding it may be a failure's fault. */
static bool has_records(struct dns_answers *dns, struct slice name, enum dns_type type,
                        bool *failed)
{
    struct dns_answer answer;
    if (!dns_look_up(dns, name, type, &answer) || dns_failed(&answer)) {
        *failed = true;
        return false;
    }
    for (size_t i = 0; i < answer.count; i++)
        if (type != DNS_MX || answer.records[i].text.len > 0) /* null MX (RFC 7505) */
            return true;
    return false;
}

static void name_facts(struct dns_answers *dns, const struct ip *client, struct slice name,
                       struct facts *facts)
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_MX};
    bool resolves = false, failed = false;
    for (size_t i = 0; i < 3; i++)
        dns_prefetch(dns, name, types[i]);
    for (size_t i = 0; i < 3 && !resolves; i++)
        resolves = has_records(dns, name, types[i], &failed);
    facts->fact[FACT_HELO_RESOLVES] = failed && !resolves ? value_unknown() : value_bool(resolves);
    enum found fits = client->family ? leads_to(dns, name, client) : FOUND_UNKNOWN;
    facts->fact[FACT_HELO_FITS] =
        fits == FOUND_UNKNOWN ? value_unknown() : value_bool(fits == FOUND);
}

bool helo_names(struct arena *arena, struct dns_answers *dns, const struct ip *client,
                struct slice text, struct facts *facts)
{
    struct slice name;
    struct helo helo = read_helo(text);
    facts->fact[FACT_HELO_RESOLVES] = value_bool(helo.literal);
    facts->fact[FACT_HELO_FITS] = value_bool(helo.literal && same_ip(&helo.ip, client));
    bool qualified = !helo.ip.family && slice_find(text, '.') < text.len;
    if (qualified && domain_normalise(arena, text, &name))
        name_facts(dns, client, name, facts);
    return !arena_failed(arena);
}

static bool is_our_address(const struct config *config, const struct ip *ip, const struct ip *local)
{
    bool ours = same_ip(ip, local);
    for (size_t i = 0; i < config->address_count && !ours; i++)
        ours = same_ip(ip, &config->addresses[i]);
    return ours;
}

static bool is_our_name(struct arena *arena, const struct config *config, struct slice text)
{
    struct domain_name name;
    return !domain_name_make(arena, text, &name) &&
           (slice_ieq(name.text, config->hostname) || config_domain(config, name));
}

void helo_form(struct arena *arena, const struct config *config, struct slice text,
               const struct ip *client, const struct ip *local, struct facts *facts)
{
    struct helo helo = read_helo(text);
    bool claims_us =
        helo.ip.family ? is_our_address(config, &helo.ip, local) : is_our_name(arena, config, text);
    facts->fact[FACT_HELO] = slice_is_ascii(text) ? value_text(text) : value_domain(arena, text);
    facts->fact[FACT_HELO_VALID] = value_bool(helo.valid);
    facts->fact[FACT_HELO_LITERAL] = value_bool(helo.literal);
    facts->fact[FACT_HELO_OURS] = value_bool(claims_us && !is_our_address(config, client, local));
}
