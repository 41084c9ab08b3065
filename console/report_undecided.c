/* SPDX-License-Identifier: ISC */
#include "console/report_undecided.h"

#include "base/json.h"

enum { SHOWN_MAX = 6 };

/* What would decide it, behind the fact's name; empty: nothing that could be given here. */
static const char *cure(const struct trial *e, enum fact fact)
{
    unsigned asks = producer_info(fact_info(fact)->producer)->asks;
    if (asks & ASKS_DNS)
        return e->dns ? ", which the DNS did not tell" : "; give --dns or --live";
    if (asks & ASKS_REDIS)
        return ", which a running gateway alone knows";
    return "";
}

static struct slice words(const struct policy *policy, const struct trial *e,
                          const struct undecided *undecided)
{
    struct rule_info rule = policy_rule_info(policy, undecided->rule);
    return arena_printf(e->arena, "rule \"%.*s\" (%.*s:%u) would %s; it needs %s%s",
                        SLICE_ARGS(rule.name), SLICE_ARGS(rule.file), rule.line,
                        action_info(undecided->action)->word, fact_info(undecided->fact)->name,
                        cure(e, undecided->fact));
}

void report_undecided(struct page *page, const struct policy *policy, const struct trial *e)
{
    for (size_t i = 0; i < e->undecided.count && i < SHOWN_MAX; i++)
        page_row(page, i ? "" : "undecided", words(policy, e, &e->undecided.rules[i]));
    if (e->undecided.count > SHOWN_MAX)
        page_row(page, "",
                 arena_printf(e->arena, "and %zu more (--json tells all)",
                              e->undecided.count - SHOWN_MAX));
}

static void put(struct buf *out, const char *key, struct slice text)
{
    json_key(out, slice_of(key));
    json_text(out, text);
}

void report_undecided_json(struct buf *out, const struct policy *policy, const struct trial *e)
{
    if (e->undecided.count == 0)
        return;
    json_key(out, SLICE("undecided"));
    buf_char(out, '[');
    for (size_t i = 0; i < e->undecided.count; i++) {
        const struct undecided *undecided = &e->undecided.rules[i];
        struct rule_info rule = policy_rule_info(policy, undecided->rule);
        json_item(out);
        buf_char(out, '{');
        put(out, "rule", rule.name);
        put(out, "file", rule.file);
        json_key(out, SLICE("line"));
        json_number(out, rule.line);
        put(out, "would", slice_of(action_info(undecided->action)->word));
        put(out, "needs", slice_of(fact_info(undecided->fact)->name));
        buf_char(out, '}');
    }
    buf_char(out, ']');
}
