/* SPDX-License-Identifier: ISC
 * Facts that are asked for by more than their name:
 * header["x"], dnsbl.listed("zone"), rate(client.ip, 10min). */
#include "policy/check.h"

enum { WINDOW_MIN = 1000 };
static const double window_max = 30 * 86400e3;

static bool header_key(struct parser *parser, const struct token *name, struct policy_key *out)
{
    bool valid = name->text.len > 0 && name->text.len <= 100;
    for (size_t i = 0; i < name->text.len; i++)
        valid &= name->text.ptr[i] > ' ' && name->text.ptr[i] < 127 && name->text.ptr[i] != ':';
    if (!valid) {
        source_error(parser->sources, name->at, "expected a name in brackets: header[\"X-Name\"]");
        return false;
    }
    out->key = lower_copy(parser, name->text);
    return out->key.ptr != NULL;
}

static const char *listed_word(bool domains)
{
    return fact_info(domains ? FACT_DOMAINS_LISTED : FACT_DNSBL_LISTED)->name;
}

static bool unknown_zone(struct parser *parser, const struct token *zone, bool domains)
{
    const struct config *config = parser->config;
    struct nearest near = nearest_to(zone->text);
    for (size_t i = 0; i < config->blocklist_count; i++)
        if (config->blocklists[i].domains == domains)
            nearest_offer(&near, config->blocklists[i].zone);
    if (nearest_name(&near).len > 0)
        return fail_missing(parser, zone, domains ? "domain list" : "blocklist", &near);
    if (!may_be_lost(parser, zone->text))
        source_error(parser->sources, zone->at,
                     "no sentence says what this list answers; expected one such as: "
                     "blocklist%s \"%.*s\" { \"127.0.0.2\" }",
                     domains ? " domain" : "", SHOWN(zone->text));
    return false;
}

static bool zone_key(struct parser *parser, const struct token *zone, struct policy_key *out)
{
    bool domains = out->fact == FACT_DOMAINS_LISTED;
    const struct blocklist *list = config_blocklist(parser->config, zone->text);
    if (!list)
        return unknown_zone(parser, zone, domains);
    out->key = list->zone;
    if (list->domains == domains)
        return true;
    source_error(parser->sources, zone->at, "this is a list of %s; expected %s(\"%.*s\")",
                 list->domains ? "domains" : "addresses", listed_word(list->domains),
                 SHOWN(list->zone));
    return false;
}

/* ---- rates ---- */

static const struct {
    const char *word;
    enum phase phase;
} events[] = {
    [RATE_CONNECTIONS] = {"connections", PHASE_CONNECT},
    [RATE_TRANSACTIONS] = {"transactions", PHASE_MAIL},
    [RATE_RECIPIENTS] = {"recipients", PHASE_RCPT},
    [RATE_MESSAGES] = {"messages", PHASE_MESSAGE},
    [RATE_UNKNOWN_RECIPIENTS] = {"unknown_recipients", PHASE_RCPT},
};

enum { EVENTS = sizeof events / sizeof *events };

/* What a client, a session or an envelope is told by. */
static bool can_be_counted(enum fact fact)
{
    const struct fact_info *info = fact_info(fact);
    bool producer = info->producer == PRODUCER_SESSION || info->producer == PRODUCER_CLIENT ||
                    info->producer == PRODUCER_GEO || info->producer == PRODUCER_SPF ||
                    info->producer == PRODUCER_LOGIN;
    bool type = info->type.kind == TYPE_TEXT || info->type.kind == TYPE_ADDRESS ||
                info->type.kind == TYPE_DOMAIN || info->type.kind == TYPE_IP ||
                info->type.kind == TYPE_NUMBER;
    return producer && type && !info->keyed && info->phase <= PHASE_RCPT;
}

static bool unknown_fact(struct parser *parser, const struct token *name)
{
    struct nearest near = nearest_to(name->text);
    for (unsigned i = 0; i < FACT_COUNT; i++)
        if (can_be_counted((enum fact)i))
            nearest_offer(&near, slice_of(fact_info((enum fact)i)->name));
    return fail_unknown(parser, name, "fact", &near);
}

/* client.ip, sender, sender.domain */
static bool rate_fact(struct parser *parser, const struct token *name, struct policy_key *out)
{
    size_t n = out->of_count;
    struct slice address = slice_sub(name->text, 0, slice_rfind(name->text, '.'));
    bool whole = fact_by_name(name->text, &out->of[n].fact);
    out->of[n].domain = !whole && fact_by_name(address, &out->of[n].fact) &&
                        fact_info(out->of[n].fact)->type.kind == TYPE_ADDRESS &&
                        slice_eq(slice_from(name->text, address.len), SLICE(".domain"));
    if (!whole && !out->of[n].domain)
        return unknown_fact(parser, name);
    if (!can_be_counted(out->of[n].fact)) {
        source_error(parser->sources, name->at,
                     "'%.*s' cannot be counted by; expected an address, a domain or a text of the "
                     "client or the envelope, such as client.ip or sender.domain",
                     SHOWN(name->text));
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (out->of[i].fact == out->of[n].fact && out->of[i].domain == out->of[n].domain) {
            source_error(parser->sources, name->at, "'%.*s' is named twice", SHOWN(name->text));
            return false;
        }
    out->of_count++;
    return true;
}

/* The first event at which a fact is surely known: what DNS tells of a client is on its way when it
 * connects, what SPF tells when MAIL is counted. */
static enum rate_event first_event(enum fact fact)
{
    const struct fact_info *info = fact_info(fact);
    if (info->producer == PRODUCER_SPF || info->phase == PHASE_RCPT)
        return RATE_RECIPIENTS;
    bool at_once = info->producer == PRODUCER_SESSION || info->producer == PRODUCER_GEO;
    return at_once && info->phase == PHASE_CONNECT ? RATE_CONNECTIONS : RATE_TRANSACTIONS;
}

enum phase policy_key_phase(const struct policy_key *key)
{
    return key->fact == FACT_RATE ? events[key->event].phase : fact_info(key->fact)->phase;
}

static bool event_by_word(struct parser *parser, const struct token *word, enum rate_event *out)
{
    struct nearest near = nearest_to(word->text);
    for (unsigned i = 0; i < EVENTS; i++) {
        *out = (enum rate_event)i;
        if (slice_eq(word->text, slice_of(events[i].word)))
            return true;
        nearest_offer(&near, slice_of(events[i].word));
    }
    return fail_unknown(parser, word, "event", &near);
}

static bool rate_event(struct parser *parser, const struct syntax_rate *rate,
                       struct policy_key *out)
{
    size_t latest = 0;
    for (size_t i = 1; i < out->of_count; i++)
        if (first_event(out->of[i].fact) > first_event(out->of[latest].fact))
            latest = i;
    enum rate_event first = first_event(out->of[latest].fact);
    out->event = first;
    if (rate->event.kind == TOKEN_END)
        return true;
    if (!event_by_word(parser, &rate->event, &out->event))
        return false;
    if (out->event >= first)
        return true;
    source_error(parser->sources, rate->event.at,
                 "%s are counted before %s is known; expected %s or a later event",
                 events[out->event].word, fact_info(out->of[latest].fact)->name,
                 events[first].word);
    return false;
}

static bool rate_window(struct parser *parser, const struct token *window, struct policy_key *out)
{
    out->window = (int64_t)window->number;
    if (window->number >= WINDOW_MIN && window->number <= window_max)
        return true;
    source_error(parser->sources, window->at, "expected a window from 1s to 30d");
    return false;
}

/* As it was written, but for blanks. */
static struct slice rate_source(struct parser *parser, const struct syntax_rate *rate)
{
    struct arena *arena = parser->sources->arena;
    struct slice text = SLICE("");
    for (size_t i = 0; i < rate->of_count; i++)
        text = arena_printf(arena, "%.*s%.*s, ", SLICE_ARGS(text), SLICE_ARGS(rate->of[i].text));
    text = arena_printf(arena, "%.*s%.*s", SLICE_ARGS(text), SLICE_ARGS(rate->window.text));
    if (rate->event.kind != TOKEN_END)
        text = arena_printf(arena, "%.*s, %.*s", SLICE_ARGS(text), SLICE_ARGS(rate->event.text));
    parser->sources->no_memory |= !text.ptr;
    return text;
}

static bool rate_key(struct parser *parser, const struct syntax_rate *rate, struct policy_key *out)
{
    for (size_t i = 0; i < rate->of_count; i++)
        if (!rate_fact(parser, &rate->of[i], out))
            return false;
    out->key = rate_source(parser, rate);
    return rate_window(parser, &rate->window, out) && rate_event(parser, rate, out) && out->key.ptr;
}

/* ---- all ---- */

bool check_key(struct parser *parser, enum fact fact, const struct syntax_term *term,
               struct policy_key *out)
{
    *out = (struct policy_key){.fact = fact};
    if (term->rate)
        return rate_key(parser, term->rate, out);
    return fact == FACT_HEADER ? header_key(parser, &term->key, out)
                               : zone_key(parser, &term->key, out);
}

/* Two rates are one count when they count the same, however they are written. */
static bool same_key(const struct policy_key *a, const struct policy_key *b)
{
    if (a->fact != b->fact)
        return false;
    if (a->fact != FACT_RATE)
        return slice_eq(a->key, b->key);
    bool same = a->of_count == b->of_count && a->window == b->window && a->event == b->event;
    for (size_t i = 0; same && i < a->of_count; i++)
        same = a->of[i].fact == b->of[i].fact && a->of[i].domain == b->of[i].domain;
    return same;
}

int find_key(const struct policy *policy, const struct policy_key *key)
{
    for (size_t i = 0; i < policy->key_count; i++)
        if (same_key(&policy->keys[i], key))
            return (int)i;
    return -1;
}

int add_key(struct checker *checker, const struct policy_key *key, struct span at)
{
    struct policy *policy = checker->policy;
    int found = find_key(policy, key);
    if (found >= 0)
        return found;
    if (policy->key_count == POLICY_KEYS_MAX) {
        source_error(checker->parser->sources, at, "more than %d header fields, lists and rates",
                     POLICY_KEYS_MAX);
        return -1;
    }
    struct policy_key *place = PARSER_PUSH(checker->parser, policy->keys, policy->key_count);
    if (!place)
        return -1;
    *place = *key;
    return (int)policy->key_count - 1;
}
