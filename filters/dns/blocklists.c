/* SPDX-License-Identifier: ISC */
#include "filters/dns/blocklists.h"

#include "filters/dns/blocklist_answer.h"
#include "filters/dns/org_domain.h"

/* One question of all lists of a kind: an address, or some domains. */
struct inquest {
    struct arena *arena;
    struct dns_answers *dns;
    const struct config *config;
    uint64_t suspended;
    bool domains;              /* which lists are asked */
    const struct slice *below; /* names below their zones */
    size_t count;
    bool *found; /* of those, which a blocklist lists */
};

/* What the lists said together. */
struct findings {
    enum listing listings[BLOCKLISTS_MAX];
    double score;
    size_t asked, answered;
    bool score_may_be_less; /* an allowlist failed */
};

static bool is_asked(const struct inquest *inquest, size_t list)
{
    return inquest->config->blocklists[list].domains == inquest->domains &&
           !(inquest->suspended >> list & 1);
}

/* Everything at once, so that one round of questions is enough. */
static void prefetch(const struct inquest *inquest)
{
    char room[BLOCKLIST_NAME_MAX];
    for (size_t l = 0; l < inquest->config->blocklist_count; l++)
        for (size_t i = 0; i < inquest->count && is_asked(inquest, l); i++)
            dns_prefetch(inquest->dns,
                         blocklist_name(&inquest->config->blocklists[l], inquest->below[i], room),
                         DNS_A);
}

/* Listed when one of the names is, unknown when one that is not found failed. */
static enum listing ask(const struct inquest *inquest, const struct blocklist *list, double *weight)
{
    char room[BLOCKLIST_NAME_MAX];
    enum listing result = LISTING_NONE;
    *weight = 0;
    for (size_t i = 0; i < inquest->count; i++) {
        struct dns_answer answer;
        double one;
        struct slice name = blocklist_name(list, inquest->below[i], room);
        if (!dns_look_up(inquest->dns, name, DNS_A, &answer))
            return LISTING_UNKNOWN;
        enum listing listing = blocklist_answer(list, &answer, &one);
        if (listing == LISTING_FOUND) {
            result = LISTING_FOUND;
            *weight = one > *weight ? one : *weight;
            if (inquest->found && !list->allow)
                inquest->found[i] = true;
        } else if (listing == LISTING_UNKNOWN && result == LISTING_NONE) {
            result = LISTING_UNKNOWN;
        }
    }
    return result;
}

static void inquire(const struct inquest *inquest, struct findings *out)
{
    *out = (struct findings){0};
    prefetch(inquest);
    for (size_t l = 0; l < inquest->config->blocklist_count; l++) {
        const struct blocklist *list = &inquest->config->blocklists[l];
        double weight = 0;
        if (list->domains != inquest->domains || inquest->count == 0)
            continue;
        out->listings[l] = is_asked(inquest, l) ? ask(inquest, list, &weight) : LISTING_UNKNOWN;
        out->asked++;
        out->answered += out->listings[l] != LISTING_UNKNOWN;
        out->score += list->allow ? -weight : weight;
        out->score_may_be_less |= list->allow && out->listings[l] == LISTING_UNKNOWN;
    }
}

/* A blocklist that failed could only make it greater: what is known is a lower bound,
 * and a rule that asks for more simply does not fire.
 * An allowlist that failed could have spoken for the client. */
static struct value score_of(const struct findings *findings)
{
    if (findings->asked > 0 && findings->answered == 0)
        return value_unknown();
    if (findings->score_may_be_less && findings->score > 0)
        return value_unknown();
    return value_number(findings->score);
}

static struct value listing_value(enum listing listing)
{
    return listing == LISTING_UNKNOWN ? value_unknown() : value_bool(listing == LISTING_FOUND);
}

/* The blocklists' zones; cut when one failed. */
static struct value zones_of(const struct inquest *inquest, const struct findings *findings)
{
    struct value value = {.state = VALUE_KNOWN};
    const struct config *config = inquest->config;
    value.list.items = arena_array(inquest->arena, config->blocklist_count, sizeof(struct value));
    for (size_t l = 0; l < config->blocklist_count && value.list.items; l++) {
        const struct blocklist *list = &config->blocklists[l];
        if (list->allow)
            continue;
        if (findings->listings[l] == LISTING_FOUND)
            value.list.items[value.list.count++] = value_text(list->zone);
        value.list.cut |= findings->listings[l] == LISTING_UNKNOWN;
    }
    return value;
}

static void fill_keys(const struct config *config, enum fact fact, const struct findings *findings,
                      struct facts *facts)
{
    size_t count;
    const struct policy_key *keys = policy_keys(config->policy, &count);
    for (size_t k = 0; k < count && facts->keyed; k++)
        for (size_t l = 0; l < config->blocklist_count; l++)
            if (keys[k].fact == fact && slice_eq(keys[k].key, config->blocklists[l].zone))
                facts->keyed[k] = listing_value(findings->listings[l]);
}

/* ---- addresses */

/* Addresses that nobody on the Internet has: lists know nothing of them. */
static bool is_public(const struct ip *ip)
{
    static const struct network others[] = {
        {{4, {0}}, 8},         {{4, {10}}, 8},         {{4, {100, 64}}, 10},  {{4, {127}}, 8},
        {{4, {169, 254}}, 16}, {{4, {172, 16}}, 12},   {{4, {192, 168}}, 16}, {{4, {224}}, 3},
        {{6, {0}}, 96},        {{6, {0xfe, 0x80}}, 9}, {{6, {0xfc}}, 7},      {{6, {0xff}}, 8},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (network_holds(&others[i], ip))
            return false;
    return ip->family != 0;
}

bool blocklists_client(struct arena *arena, struct dns_answers *dns, const struct config *config,
                       uint64_t suspended, const struct ip *client, struct facts *facts)
{
    char reversed[IP_REVERSED_SIZE];
    struct findings findings;
    ip_reversed(client, reversed);
    struct slice below = slice_of(reversed);
    struct inquest inquest = {.arena = arena,
                              .dns = dns,
                              .config = config,
                              .suspended = suspended,
                              .below = &below,
                              .count = is_public(client)};
    inquire(&inquest, &findings);
    facts->fact[FACT_DNSBL_SCORE] = score_of(&findings);
    facts->fact[FACT_DNSBL_LISTS] = zones_of(&inquest, &findings);
    fill_keys(config, FACT_DNSBL_LISTED, &findings, facts);
    return !arena_failed(arena);
}

/* ---- domains */

static bool is_among(struct slice domain, const struct slice *domains, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq(domain, domains[i]))
            return true;
    return false;
}

/* The registered domain above; empty: none. Addresses have none. */
static struct slice registered(struct arena *arena, struct slice text)
{
    struct slice name;
    struct ip ip;
    if (ip_parse(text, &ip) || !domain_normalise(arena, text, &name))
        return SLICE("");
    return org_domain(name);
}

/* What lists of domains list, each once. True: there are more. */
static bool gather(struct inquest *inquest, const struct slice *domains, size_t count,
                   struct slice out[static LISTED_DOMAINS_MAX])
{
    inquest->below = out;
    for (size_t i = 0; i < count; i++) {
        struct slice domain = registered(inquest->arena, domains[i]);
        if (domain.len == 0 || is_among(domain, out, inquest->count))
            continue;
        if (inquest->count == LISTED_DOMAINS_MAX)
            return true;
        out[inquest->count++] = domain;
    }
    return false;
}

/* Those that a blocklist lists; cut when a list failed. */
static struct value found_of(const struct inquest *inquest, bool cut)
{
    struct value value = {.state = VALUE_KNOWN, .list.cut = cut};
    value.list.items = arena_array(inquest->arena, inquest->count, sizeof(struct value));
    for (size_t i = 0; i < inquest->count && value.list.items; i++)
        if (inquest->found[i])
            value.list.items[value.list.count++] = value_text(inquest->below[i]);
    return value;
}

bool blocklists_sender(struct arena *arena, struct dns_answers *dns, const struct config *config,
                       uint64_t suspended, const struct slice *domains, size_t count,
                       struct facts *facts)
{
    struct slice below[LISTED_DOMAINS_MAX];
    struct findings findings;
    struct inquest inquest = {
        .arena = arena, .dns = dns, .config = config, .suspended = suspended, .domains = true};
    gather(&inquest, domains, count, below);
    inquire(&inquest, &findings);
    facts->fact[FACT_DOMAINS_SENDER_SCORE] = score_of(&findings);
    return !arena_failed(arena);
}

bool blocklists_message(struct arena *arena, struct dns_answers *dns, const struct config *config,
                        uint64_t suspended, const struct slice *domains, size_t count,
                        struct facts *facts)
{
    struct slice below[LISTED_DOMAINS_MAX];
    bool found[LISTED_DOMAINS_MAX] = {0};
    struct findings findings;
    struct inquest inquest = {.arena = arena,
                              .dns = dns,
                              .config = config,
                              .suspended = suspended,
                              .domains = true,
                              .found = found};
    bool more = gather(&inquest, domains, count, below);
    inquire(&inquest, &findings);
    struct value zones = zones_of(&inquest, &findings);
    zones.list.cut |= more;
    facts->fact[FACT_DOMAINS_SCORE] = score_of(&findings);
    facts->fact[FACT_DOMAINS_LISTS] = zones;
    facts->fact[FACT_DOMAINS_FOUND] = found_of(&inquest, zones.list.cut);
    fill_keys(config, FACT_DOMAINS_LISTED, &findings, facts);
    return !arena_failed(arena);
}
