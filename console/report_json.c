/* SPDX-License-Identifier: ISC */
#include "console/report_json.h"

#include "base/json.h"
#include "common/told_facts.h"
#include "console/report_undecided.h"
#include "filters/scanner/family_start.h"
#include "policy/verdict_json.h"

static void text_member(struct buf *out, const char *name, struct slice text)
{
    json_key(out, slice_of(name));
    json_text(out, text);
}

static void whose(struct buf *out, const struct trial *e)
{
    if (!e->id.ptr && !e->name.ptr) {
        json_key(out, SLICE("file"));
        buf_cstr(out, "null");
        return;
    }
    if (!e->id.ptr) {
        text_member(out, "file", e->name);
        return;
    }
    json_key(out, SLICE("id"));
    buf_append(out, e->id);
}

static void reply_member(struct buf *out, const struct trial *e)
{
    const struct verdict *v = &e->verdict;
    struct slice reply = arena_printf(e->arena, "%u %.*s%s%.*s", v->code, SLICE_ARGS(v->enhanced),
                                      v->enhanced.len ? " " : "", SLICE_ARGS(v->text));
    text_member(out, "reply", reply);
}

static void recipients_member(struct buf *out, const struct trial *e)
{
    json_key(out, SLICE("recipients"));
    buf_char(out, '{');
    for (size_t i = 0; i < e->recipient_count; i++) {
        json_key(out, e->recipients[i].text);
        json_text(out, slice_of(action_info(e->verdicts[i].action)->word));
    }
    buf_char(out, '}');
}

/* Which scanners gave no answer, and why. */
static void failures_member(struct buf *out, const struct trial *e)
{
    bool any = false;
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        any = any || e->failed[kind];
    if (!any)
        return;
    json_key(out, SLICE("failed"));
    buf_char(out, '{');
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        if (e->failed[kind])
            text_member(out, family_program((enum scanner_kind)kind), slice_of(e->failed[kind]));
    buf_char(out, '}');
}

/* header["x"] and its like, under the names that rules use. */
static void keyed_facts(struct buf *out, const struct policy *policy, const struct trial *e)
{
    size_t count;
    const struct policy_key *keys = policy_keys(policy, &count);
    for (size_t i = 0; e->facts.keyed && i < count; i++) {
        const struct fact_info *info = fact_info(keys[i].fact);
        if (e->facts.keyed[i].state == VALUE_PENDING)
            continue;
        json_key(out, policy_key_name(e->arena, &keys[i]));
        value_json(out, &info->type, &e->facts.keyed[i]);
    }
}

void report_json(struct buf *out, const struct configuration *by, const struct trial *e)
{
    const struct policy *policy = by->config->policy;
    const struct verdict *v = &e->verdict;
    buf_char(out, '{');
    whose(out, e);
    if (e->error) {
        text_member(out, "error", slice_of(e->error));
        buf_cstr(out, "}\n");
        return;
    }
    text_member(out, "verdict", slice_of(action_info(v->action)->word));
    reply_member(out, e);
    verdict_json(out, policy, v);
    report_undecided_json(out, policy, e);
    if (e->differing)
        recipients_member(out, e);
    failures_member(out, e);
    text_member(out, "judged_by", configuration_name(by, e->arena));
    json_key(out, SLICE("facts"));
    buf_char(out, '{');
    struct facts told = e->facts;
    facts_in_short(&told);
    facts_json(out, &told);
    keyed_facts(out, policy, e);
    buf_cstr(out, "}}\n");
}
