/* SPDX-License-Identifier: ISC */
#include "policy/verdict_json.h"

#include "base/json.h"

static void rules_member(struct buf *out, const char *name, const struct policy *policy,
                         const struct verdict *verdict, bool observed)
{
    json_key(out, slice_of(name));
    buf_char(out, '[');
    for (size_t i = 0; verdict && i < verdict->fired_count; i++) {
        struct rule_info rule = policy_rule_info(policy, verdict->fired[i]);
        if (rule.observe != observed)
            continue;
        json_item(out);
        json_text(out, rule.name);
    }
    buf_char(out, ']');
}

static void score_members(struct buf *out, const struct verdict *verdict)
{
    json_key(out, SLICE("score"));
    json_number(out, verdict ? verdict->score : 0);
    json_key(out, SLICE("score_parts"));
    buf_char(out, '{');
    for (size_t i = 0; verdict && i < verdict->part_count; i++) {
        json_key(out, verdict->parts[i].name);
        json_number(out, verdict->parts[i].points);
    }
    buf_char(out, '}');
}

void verdict_json(struct buf *out, const struct policy *policy, const struct verdict *verdict)
{
    rules_member(out, "rules", policy, verdict, false);
    rules_member(out, "observed", policy, verdict, true);
    score_members(out, verdict);
    if (!verdict || verdict->delay == 0)
        return;
    json_key(out, SLICE("delay"));
    buf_printf(out, "%lld", (long long)verdict->delay);
}
