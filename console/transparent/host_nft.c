/* SPDX-License-Identifier: ISC
 * The rules that nft has, beside those that it should have. */
#include "console/program_output.h"
#include "console/transparent/host_missing.h"
#include "console/transparent/ranges.h"

#include <string.h>

enum { RULESET_MAX = 64 * 1024 * 1024 };

static bool same(json_t *a, const json_t *b);

static bool same_members(json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;
    if (json_object_size(a) != json_object_size(b))
        return false;
    json_object_foreach((json_t *)a, key, value)
        if (!same(value, json_object_get(b, key)))
            return false;
    return true;
}

/* Newer versions of nft write a list of one as its member. */
static bool same(json_t *a, const json_t *b)
{
    if (json_array_size(a) == 1)
        a = json_array_get(a, 0);
    if (json_array_size(b) == 1)
        b = json_array_get(b, 0);
    return json_is_object(a) && json_is_object(b) ? same_members(a, b) : json_equal(a, b);
}

static bool same_networks(const json_t *wanted, const json_t *there)
{
    struct ranges a, b = {NULL, 0};
    json_t *left = json_object_get(json_object_get(wanted, "match"), "left");
    const json_t *match = json_object_get(there, "match"), *op = json_object_get(match, "op");
    if (!same(left, json_object_get(match, "left")) || !json_is_string(op) ||
        strcmp(json_string_value(op), "==") != 0 ||
        !ranges_of_json(json_object_get(json_object_get(wanted, "match"), "right"), &a))
        return false;
    bool equal = ranges_of_json(json_object_get(match, "right"), &b) && ranges_equal(&a, &b);
    ranges_free(&a);
    ranges_free(&b);
    return equal;
}

static bool term_is(const struct host_check *check, const struct capture_rule *rule,
                    enum term_kind term, const json_t *there)
{
    json_t *wanted = capture_term_json(rule, term, check->options);
    bool is = term == TERM_NETWORKS ? same_networks(wanted, there) : same(wanted, there);
    json_decref(wanted);
    return wanted && is;
}

/* nft leaves the family out where it lists a rule that refuses (1.0.6): it is there. */
static bool may_be_left_out(const struct capture_rule *rule, enum term_kind term)
{
    return term == TERM_FAMILY && rule->terms[rule->count - 1] == TERM_REFUSE;
}

static bool rule_is(const struct host_check *check, const struct capture_rule *rule,
                    const json_t *there)
{
    const json_t *expressions = json_object_get(there, "expr");
    size_t at = 0;
    for (size_t i = 0; i < rule->count; i++) {
        if (term_is(check, rule, rule->terms[i], json_array_get(expressions, at)))
            at++;
        else if (!may_be_left_out(rule, rule->terms[i]))
            return false;
    }
    return at == json_array_size(expressions);
}

/* One of our two chains. */
struct chain {
    const char *family;
    bool bridge;
    int priority;
};

static bool is_ours(const json_t *object, const struct chain *chain, const char *name_key)
{
    return host_text_is(object, "family", chain->family) &&
           host_text_is(object, "table", "gatepost") &&
           host_text_is(object, name_key, "prerouting");
}

/* The next rule of the chain; *at goes on behind it. NULL: there is none. */
static const json_t *next_rule(const json_t *ruleset, const struct chain *chain, size_t *at)
{
    while (*at < json_array_size(ruleset)) {
        const json_t *rule = json_object_get(json_array_get(ruleset, (*at)++), "rule");
        if (rule && is_ours(rule, chain, "chain"))
            return rule;
    }
    return NULL;
}

static bool has_chain(const json_t *ruleset, const struct chain *chain)
{
    size_t i;
    const json_t *item;
    json_array_foreach(ruleset, i, item) {
        const json_t *there = json_object_get(item, "chain");
        if (there && is_ours(there, chain, "name"))
            return host_text_is(there, "type", "filter") &&
                   host_text_is(there, "hook", "prerouting") &&
                   host_text_is(there, "policy", "accept") &&
                   json_integer_value(json_object_get(there, "prio")) == chain->priority;
    }
    return false;
}

static void lacks_rule(struct host_check *check, const struct chain *chain,
                       const struct capture_rule *rule)
{
    struct buf line = buf_init(RULESET_MAX);
    buf_printf(&line, "table %s gatepost has no rule (in this place): ", chain->family);
    capture_rule_text(&line, rule, check->options);
    host_lacks(check, buf_slice(&line), check->again);
    buf_release(&line);
}

static void has_foreign_rule(struct host_check *check, const struct chain *chain,
                             const json_t *rule)
{
    struct buf line = buf_init(1000), mend = buf_init(1000);
    long long handle = (long long)json_integer_value(json_object_get(rule, "handle"));
    buf_printf(&line, "table %s gatepost has a rule that does not belong there (handle %lld)",
               chain->family, handle);
    buf_printf(&mend, "nft delete rule %s gatepost prerouting handle %lld", chain->family, handle);
    host_lacks(check, buf_slice(&line), buf_slice(&mend));
    buf_release(&line);
    buf_release(&mend);
}

/* Where the rule stands at or behind `at`, which is behind it then. False: nowhere. */
static bool find_rule(const struct host_check *check, const json_t *ruleset,
                      const struct chain *chain, const struct capture_rule *rule, size_t *at)
{
    const json_t *there;
    for (size_t i = *at; (there = next_rule(ruleset, chain, &i));)
        if (rule_is(check, rule, there)) {
            *at = i;
            return true;
        }
    return false;
}

static bool belongs(const struct host_check *check, const struct chain *chain, const json_t *there)
{
    for (size_t i = 0; i < check->rules->count; i++) {
        const struct capture_rule *rule = &check->rules->list[i];
        if (rule->bridge == chain->bridge && rule_is(check, rule, there))
            return true;
    }
    return false;
}

static void check_chain(struct host_check *check, const json_t *ruleset, const struct chain *chain)
{
    const json_t *there;
    size_t at = 0;
    if (!has_chain(ruleset, chain)) {
        struct buf line = buf_init(1000);
        buf_printf(&line, "nftables has no chain prerouting in table %s gatepost as it should be",
                   chain->family);
        host_lacks(check, buf_slice(&line), check->again);
        buf_release(&line);
        return;
    }
    for (size_t i = 0; i < check->rules->count; i++) {
        const struct capture_rule *rule = &check->rules->list[i];
        if (rule->bridge == chain->bridge && !find_rule(check, ruleset, chain, rule, &at))
            lacks_rule(check, chain, rule);
    }
    for (size_t i = 0; (there = next_rule(ruleset, chain, &i));)
        if (!belongs(check, chain, there))
            has_foreign_rule(check, chain, there);
}

static void check_chains(struct host_check *check, const json_t *ruleset)
{
    static const struct chain routed = {"inet", false, -150}, bridged = {"bridge", true, -300};
    check_chain(check, ruleset, &routed);
    if (check->options->bridge)
        check_chain(check, ruleset, &bridged);
}

void host_check_nft(struct host_check *check)
{
    static const char *const list[] = {"nft", "-j", "list", "ruleset", NULL};
    struct buf said = buf_init(RULESET_MAX);
    enum program_end end = program_output(list, &said);
    struct slice text = buf_slice(&said);
    json_t *all = end == PROGRAM_FINE ? json_loadb(text.ptr, text.len, 0, NULL) : NULL;
    if (end == PROGRAM_MISSING)
        host_lacks(check, SLICE("nft is not installed"), SLICE("apt install nftables"));
    else if (!json_is_array(json_object_get(all, "nftables")))
        host_hides(check, "nft -j list ruleset says nothing that can be read");
    else
        check_chains(check, json_object_get(all, "nftables"));
    json_decref(all);
    buf_release(&said);
}
