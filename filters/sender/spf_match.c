/* SPDX-License-Identifier: ISC
 * The mechanisms of SPF (RFC 7208 section 5), and what all of them may ask of the DNS. */
#include "filters/sender/spf_internal.h"

#include <stdio.h>
#include <string.h>

enum { REVERSE_NAME_MAX = 80 };

bool spf_ask(struct spf_evaluation *e, struct slice name, enum dns_type type,
             struct dns_answer *answer)
{
    e->abandoned |= !dns_look_up(e->answers, name, type, answer);
    return !e->abandoned;
}

bool spf_count_lookup(struct spf_evaluation *e)
{
    if (e->lookups++ < SPF_LOOKUPS_MAX)
        return true;
    e->problem = SLICE("more than 10 look-ups");
    return false;
}

bool spf_is_within(struct slice name, struct slice domain)
{
    return slice_ieq(name, domain) ||
           (name.len > domain.len && domain.len > 0 && slice_iends(name, domain) &&
            name.ptr[name.len - domain.len - 1] == '.');
}

static enum spf_match error(struct spf_evaluation *e, enum spf_match kind, struct slice problem)
{
    e->problem = problem;
    return kind;
}

static enum spf_match dns_error(struct spf_evaluation *e)
{
    return error(e, SPF_MATCH_TEMPERROR, SLICE("DNS failed"));
}

/* Void look-ups are counted for terms, as 4.6.4 has it: of what the term itself names, not of each
 * host that an MX or PTR answer named. */
static bool count_void(struct spf_evaluation *e, const struct dns_answer *answer)
{
    if (dns_failed(answer) || answer->count || e->voids++ < SPF_VOIDS_MAX)
        return true;
    e->problem = SLICE("more than 2 look-ups of names that do not exist");
    return false;
}

static bool same_network(const struct ip *a, const struct ip *b, unsigned bits)
{
    unsigned octets = bits / 8;
    unsigned mask = 0xff00u >> bits % 8;
    return a->family == b->family && memcmp(a->bytes, b->bytes, octets) == 0 &&
           (bits % 8 == 0 || ((a->bytes[octets] ^ b->bytes[octets]) & mask & 0xff) == 0);
}

static enum dns_type address_type(const struct spf_evaluation *e)
{
    return e->client.family == 4 ? DNS_A : DNS_AAAA;
}

static bool holds_client(const struct spf_evaluation *e, const struct dns_answer *addresses,
                         const struct spf_term *term)
{
    unsigned bits = e->client.family == 4 ? term->bits4 : term->bits6;
    for (size_t i = 0; i < addresses->count; i++)
        if (same_network(&addresses->records[i].ip, &e->client, bits))
            return true;
    return false;
}

static enum spf_match match_a(struct spf_evaluation *e, const struct spf_term *term,
                              struct slice target)
{
    struct dns_answer answer;
    if (!spf_ask(e, target, address_type(e), &answer))
        return SPF_NO_MATCH;
    if (dns_failed(&answer))
        return dns_error(e);
    if (!count_void(e, &answer))
        return SPF_MATCH_PERMERROR;
    return holds_client(e, &answer, term) ? SPF_MATCH : SPF_NO_MATCH;
}

static enum spf_match match_exists(struct spf_evaluation *e, struct slice target)
{
    struct dns_answer answer;
    if (!spf_ask(e, target, DNS_A, &answer))
        return SPF_NO_MATCH;
    if (dns_failed(&answer))
        return dns_error(e);
    if (!count_void(e, &answer))
        return SPF_MATCH_PERMERROR;
    return answer.count ? SPF_MATCH : SPF_NO_MATCH;
}

static void prefetch_hosts(struct spf_evaluation *e, const struct dns_answer *names)
{
    for (size_t i = 0; i < names->count && i < SPF_NAMES_MAX; i++)
        dns_prefetch(e->answers, names->records[i].text, address_type(e));
}

static enum spf_match match_mx_hosts(struct spf_evaluation *e, const struct spf_term *term,
                                     const struct dns_answer *hosts)
{
    struct dns_answer addresses;
    prefetch_hosts(e, hosts);
    for (size_t i = 0; i < hosts->count; i++) {
        if (i == SPF_NAMES_MAX)
            return error(e, SPF_MATCH_PERMERROR, SLICE("more than 10 MX hosts"));
        if (!spf_ask(e, hosts->records[i].text, address_type(e), &addresses))
            return SPF_NO_MATCH;
        if (dns_failed(&addresses))
            return dns_error(e);
        if (holds_client(e, &addresses, term))
            return SPF_MATCH;
    }
    return SPF_NO_MATCH;
}

static enum spf_match match_mx(struct spf_evaluation *e, const struct spf_term *term,
                               struct slice target)
{
    struct dns_answer hosts;
    if (!spf_ask(e, target, DNS_MX, &hosts))
        return SPF_NO_MATCH;
    if (dns_failed(&hosts))
        return dns_error(e);
    if (!count_void(e, &hosts))
        return SPF_MATCH_PERMERROR;
    return match_mx_hosts(e, term, &hosts);
}

static struct slice reverse_name(const struct ip *ip, char out[static REVERSE_NAME_MAX])
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;
    if (ip->family == 4) {
        snprintf(out, REVERSE_NAME_MAX, "%u.%u.%u.%u.in-addr.arpa", ip->bytes[3], ip->bytes[2],
                 ip->bytes[1], ip->bytes[0]);
        return slice_of(out);
    }
    for (size_t i = 16; i-- > 0;) {
        out[n++] = hex[ip->bytes[i] & 15];
        out[n++] = '.';
        out[n++] = hex[ip->bytes[i] >> 4];
        out[n++] = '.';
    }
    memcpy(out + n, "ip6.arpa", sizeof "ip6.arpa");
    return slice_of(out);
}

void spf_validate_names(struct spf_evaluation *e)
{
    static const struct spf_term exact = {.bits4 = 32, .bits6 = 128};
    char text[REVERSE_NAME_MAX];
    struct dns_answer names, addresses;
    if (e->validated_known || !spf_ask(e, reverse_name(&e->client, text), DNS_PTR, &names))
        return;
    e->validated_known = true;
    prefetch_hosts(e, &names);
    for (size_t i = 0; i < names.count && i < SPF_NAMES_MAX; i++) {
        if (!spf_ask(e, names.records[i].text, address_type(e), &addresses))
            return;
        if (holds_client(e, &addresses, &exact))
            e->validated[e->validated_count++] = names.records[i].text;
    }
}

/* DNS errors make names invalid here, and a client without a name is no fault of the domain's, so
 * that nothing is void (5.5). */
static enum spf_match match_ptr(struct spf_evaluation *e, struct slice target)
{
    spf_validate_names(e);
    for (size_t i = 0; i < e->validated_count; i++)
        if (spf_is_within(e->validated[i], target))
            return SPF_MATCH;
    return SPF_NO_MATCH;
}

static enum spf_match match_target(struct spf_evaluation *e, const struct spf_term *term,
                                   struct slice target)
{
    switch (term->mechanism) {
    case SPF_A:
        return match_a(e, term, target);
    case SPF_MX:
        return match_mx(e, term, target);
    case SPF_EXISTS:
        return match_exists(e, target);
    default:
        return match_ptr(e, target);
    }
}

static enum spf_match match_network(const struct spf_evaluation *e, const struct spf_term *term)
{
    unsigned bits = term->mechanism == SPF_IP4 ? term->bits4 : term->bits6;
    return same_network(&term->network, &e->client, bits) ? SPF_MATCH : SPF_NO_MATCH;
}

enum spf_match spf_match(struct spf_evaluation *e, const struct spf_term *term, struct slice domain)
{
    struct slice target;
    if (term->mechanism == SPF_ALL)
        return SPF_MATCH;
    if (term->mechanism == SPF_MODIFIER)
        return SPF_NO_MATCH;
    if (term->mechanism == SPF_IP4 || term->mechanism == SPF_IP6)
        return match_network(e, term);
    if (!spf_count_lookup(e))
        return SPF_MATCH_PERMERROR;
    switch (spf_target(e, term->domain, domain, SPF_IN_RECORD, &target)) {
    case SPF_TOO_MANY_LOOKUPS:
        return SPF_MATCH_PERMERROR;
    case SPF_TOO_LONG:
        return error(e, SPF_MATCH_PERMERROR, SLICE("a macro grows too long"));
    default:
        return e->abandoned ? SPF_NO_MATCH : match_target(e, term, target);
    }
}
