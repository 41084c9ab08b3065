/* SPDX-License-Identifier: ISC */
#include "console/report.h"

#include "console/page.h"
#include "console/report_attachments.h"
#include "console/report_sender.h"
#include "console/report_undecided.h"
#include "console/report_words.h"
#include "filters/judge.h"
#include "filters/mime/malformation.h"
#include "policy/dates.h"
#include "policy/explain.h"
#include "policy/types.h"

#include <inttypes.h>

enum { WHY_MAX = 1024 * 1024, FACT_MAX = 65536 };

/* ---- the verdict ---- */

static enum style style_of(enum action action)
{
    switch (action) {
    case ACTION_ACCEPT:
        return STYLE_GOOD;
    case ACTION_DEFER:
    case ACTION_DISCARD:
    case ACTION_QUARANTINE:
    case ACTION_REDIRECT:
        return STYLE_WAIT;
    default:
        return STYLE_BAD;
    }
}

static void say_verdict(struct page *page, const struct trial *e)
{
    const struct verdict *v = &e->verdict;
    terminal_style(&page->terminal, page->out, STYLE_BOLD);
    terminal_text(page->out, e->name.ptr ? e->name : SLICE("the envelope"), 0);
    terminal_style(&page->terminal, page->out, STYLE_PLAIN);
    buf_cstr(page->out, ": ");
    terminal_style(&page->terminal, page->out, style_of(v->action));
    buf_cstr(page->out, action_info(v->action)->word);
    terminal_style(&page->terminal, page->out, STYLE_PLAIN);
    buf_printf(page->out, "  %u ", v->code);
    terminal_text(page->out, v->enhanced, 0);
    buf_char(page->out, ' ');
    terminal_text(page->out, v->text, 0);
    page_end(page);
}

static void say_rule(struct page *page, const struct rule_info *rule)
{
    page_label(page, "by");
    buf_cstr(page->out, "rule \"");
    terminal_text(page->out, rule->name, 0);
    buf_cstr(page->out, "\", ");
    terminal_text(page->out, rule->file, 0);
    buf_printf(page->out, ":%u", rule->line);
    page_end(page);
}

/* The line of policy_explain that tells of this rule, without its beginning. */
static struct slice reason_of(struct slice explained, const struct rule_info *rule, size_t index)
{
    struct slice line = {NULL, 0};
    for (size_t i = 0; i <= index; i++)
        slice_cut(explained, '\n', &line, &explained);
    struct slice because = SLICE(", because ");
    size_t name = slice_search(line, rule->name);
    struct slice tail = slice_from(line, name + rule->name.len);
    size_t at = slice_search(tail, because);
    return at < tail.len ? slice_from(tail, at + because.len) : tail;
}

static void say_unknown(struct page *page, const struct verdict *v)
{
    page_label(page, "");
    unknown_describe(v, page->out);
    buf_cstr(page->out, ": what it would have said cannot be ruled out");
    page_end(page);
}

static void say_why(struct page *page, const struct policy *policy, const struct trial *e)
{
    const struct verdict *v = &e->verdict;
    if (v->rule < 0)
        return;
    struct rule_info rule = policy_rule_info(policy, (size_t)v->rule);
    say_rule(page, &rule);
    struct buf why = buf_init(WHY_MAX);
    enum phase through = e->message >= 0 ? PHASE_MESSAGE : PHASE_RCPT;
    if (policy_explain(policy, &e->facts, through, e->arena, &why))
        page_row(page, "because", reason_of(buf_slice(&why), &rule, (size_t)v->rule));
    if (v->unknown >= 0)
        say_unknown(page, v);
    buf_release(&why);
}

static void say_recipients(struct page *page, const struct policy *policy, const struct trial *e)
{
    for (size_t i = 0; e->differing && i < e->recipient_count; i++) {
        const struct verdict *v = &e->verdicts[i];
        struct slice rule =
            v->rule < 0 ? SLICE("no rule") : policy_rule_info(policy, (size_t)v->rule).name;
        page_row(page, i ? "" : "recipients",
                 arena_printf(e->arena, "%.*s: %s by %.*s", SLICE_ARGS(e->recipients[i].text),
                              action_info(v->action)->word, SLICE_ARGS(rule)));
    }
}

/* ---- what was found ---- */

static void say_malformation(struct page *page, struct slice name, bool first)
{
    page_label(page, first ? "malformed" : "");
    terminal_text(page->out, name, 0);
    for (int m = 0; m < MALFORMATION_COUNT; m++)
        if (slice_eq(name, slice_of(malformation_name((enum malformation)m))))
            buf_printf(page->out, " (%s): %s",
                       malformation_grade_name(malformation_grade((enum malformation)m)),
                       malformation_meaning((enum malformation)m));
    page_end(page);
}

static void say_malformations(struct page *page, const struct facts *facts)
{
    const struct value *value = &facts->fact[FACT_MESSAGE_MALFORMATIONS];
    for (size_t i = 0; value->state == VALUE_KNOWN && i < value->list.count; i++)
        say_malformation(page, value->list.items[i].text, i == 0);
}

static void say_antivirus(struct page *page, const struct trial *e)
{
    const struct value *result = &e->facts.fact[FACT_AV_RESULT];
    const struct value *found = &e->facts.fact[FACT_AV_SIGNATURES];
    page_label(page, "antivirus");
    if (result->state == VALUE_ABSENT)
        buf_cstr(page->out, "not used");
    else if (result->state != VALUE_KNOWN)
        buf_cstr(page->out, "unknown");
    else
        buf_cstr(page->out, result->integer == AV_RESULT_INFECTED ? "infected" : "clean");
    for (size_t i = 0; found->state == VALUE_KNOWN && i < found->list.count; i++) {
        buf_cstr(page->out, i ? ", " : ": ");
        terminal_text(page->out, found->list.items[i].text, 0);
    }
    page_end(page);
}

static void say_failures(struct page *page, const struct trial *e)
{
    static const char *const labels[] = {"scan failed", "av failed", "QR failed"};
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        if (e->failed[kind])
            page_row(page, labels[kind], slice_of(e->failed[kind]));
}

/* ---- what follows ---- */

static void say_fired(struct page *page, const struct policy *policy, const struct verdict *v)
{
    for (size_t i = 0; i < v->fired_count; i++) {
        struct rule_info rule = policy_rule_info(policy, v->fired[i]);
        page_label(page, i ? "" : "rules fired");
        terminal_text(page->out, rule.name, 0);
        buf_cstr(page->out, rule.observe ? " (observed only)" : "");
        page_end(page);
    }
    for (size_t i = 0; i < v->part_count; i++) {
        page_label(page, i ? "" : "score");
        buf_printf(page->out, "%+g ", v->parts[i].points);
        terminal_text(page->out, v->parts[i].name, 0);
        page_end(page);
    }
}

static void say_changes(struct page *page, const struct trial *e)
{
    const struct verdict *v = &e->verdict;
    bool edited = v->action == ACTION_ACCEPT || v->action == ACTION_REDIRECT;
    for (size_t i = 0; edited && i < v->edit_count; i++) {
        const struct edit *edit = &v->edits[i];
        page_label(page, i ? "" : "changes");
        buf_printf(page->out, "%s ", action_info(edit->kind)->word);
        if (edit->kind == ACTION_STRIP)
            buf_printf(page->out, "part %u ", edit->part);
        struct slice name = edit->name;
        const char *fate = banner_fate(e->banner, edit, e->banners_differ);
        if (fate)
            name = slice_of(fate);
        terminal_text(page->out, name, 0);
        buf_cstr(page->out, name.len ? ": " : "");
        terminal_text(page->out, edit->value, 0);
        page_end(page);
    }
    bool copied = v->action == ACTION_ACCEPT || judge_holds(v);
    if (v->action == ACTION_REDIRECT)
        page_row(page, "goes to", v->held_as);
    for (size_t i = 0; copied && i < v->copy_count; i++)
        page_row(page, i ? "" : "copy to", v->copies[i]);
    for (size_t i = 0; copied && i < v->bcc_count; i++)
        page_row(page, i ? "" : "bcc", v->bccs[i]);
    for (size_t i = 0; i < v->notice_count; i++)
        page_row(page, i ? "" : "notify", v->notices[i].address);
    if (copied && v->journal)
        page_row(page, "journal", SLICE("kept"));
    for (size_t i = 0; i < v->log_count; i++)
        page_row(page, i ? "" : "log", v->log[i]);
    if (v->delay == 0)
        return;
    page_label(page, "delay");
    duration_write(page->out, v->delay);
    page_end(page);
}

/* ---- all else that is known ---- */

/* What the rows above have not told. */
static bool is_other(const struct facts *facts, enum fact fact)
{
    const struct fact_info *info = fact_info(fact);
    enum value_state state = facts->fact[fact].state;
    return state != VALUE_PENDING && state != VALUE_ABSENT && !info->keyed &&
           (fact == FACT_MESSAGE_SIZE || info->producer == PRODUCER_MESSAGE ||
            info->producer == PRODUCER_ALTERNATIVES) &&
           fact != FACT_MESSAGE_MALFORMATIONS;
}

static void say_fact(struct page *page, const char *label, struct slice name,
                     const struct type *type, const struct value *value)
{
    struct buf text = buf_init(FACT_MAX);
    buf_append(&text, name);
    buf_char(&text, ' ');
    value_json(&text, type, value);
    page_row(page, label, buf_slice(&text));
    buf_release(&text);
}

static void say_facts(struct page *page, const struct policy *policy, const struct trial *e)
{
    bool first = true;
    for (int i = 0; i < FACT_COUNT; i++) {
        if (!is_other(&e->facts, (enum fact)i))
            continue;
        say_fact(page, first ? "facts" : "", slice_of(fact_info((enum fact)i)->name),
                 &fact_info((enum fact)i)->type, &e->facts.fact[i]);
        first = false;
    }
    size_t count;
    const struct policy_key *keys = policy_keys(policy, &count);
    for (size_t i = 0; e->facts.keyed && i < count; i++) {
        if (e->facts.keyed[i].state == VALUE_PENDING)
            continue;
        say_fact(page, first ? "facts" : "", policy_key_name(e->arena, &keys[i]),
                 &fact_info(keys[i].fact)->type, &e->facts.keyed[i]);
        first = false;
    }
}

static void say_address(struct buf *out, struct slice address)
{
    buf_char(out, '<');
    terminal_text(out, address, 0);
    buf_char(out, '>');
}

static void say_envelope(struct page *page, const struct trial *e)
{
    const struct value *fact = e->facts.fact;
    const struct envelope *envelope = &e->envelope;
    char ip[46];
    ip_text(&fact[FACT_CLIENT_IP].ip, ip);
    page_label(page, "envelope");
    buf_printf(page->out, "%s (", ip);
    terminal_text(page->out, fact[FACT_HELO].text, 0);
    buf_printf(page->out, "), %s, from ", enum_types[WORDS_direction].words[envelope->direction]);
    say_address(page->out,
                fact[FACT_SENDER].state == VALUE_KNOWN ? fact[FACT_SENDER].text : SLICE(""));
    for (size_t i = 0; i < e->recipient_count; i++) {
        buf_cstr(page->out, i ? ", " : " to ");
        say_address(page->out, e->recipients[i].text);
    }
    page_end(page);
}

static void say_timing(struct page *page, const struct trial *e)
{
    static const char *const names[] = {"scan", "antivirus", "QR codes"};
    bool first = true;
    page_label(page, "took");
    for (int kind = 0; kind < SCANNER_KINDS; kind++) {
        if (!e->asked[kind])
            continue;
        buf_printf(page->out, "%s%s %" PRId64 " ms", first ? "" : ", ", names[kind], e->took[kind]);
        first = false;
    }
    if (e->inquiry.resolver)
        buf_printf(page->out, "%sDNS %" PRId64 " ms (%u questions)", first ? "" : ", ",
                   e->inquiry.ms, e->inquiry.queries + e->inquiry.reserved);
    page_end(page);
}

void report_human(struct buf *out, const struct configuration *by, const struct trial *e)
{
    const struct policy *policy = by->config->policy;
    struct page page = {.out = out, .terminal = terminal_of_output()};
    if (e->error) {
        terminal_text(out, e->name.ptr ? e->name : SLICE("the envelope"), 0);
        buf_cstr(out, ": error: ");
        terminal_text(out, slice_of(e->error), 0);
        page_end(&page);
        return;
    }
    say_verdict(&page, e);
    say_why(&page, policy, e);
    report_undecided(&page, policy, e);
    say_recipients(&page, policy, e);
    say_failures(&page, e);
    if (e->message >= 0) {
        report_attachments(&page, &e->facts.fact[FACT_ATTACHMENTS]);
        say_malformations(&page, &e->facts);
        say_antivirus(&page, e);
        report_words(&page, &e->facts);
    }
    report_sender(&page, e);
    say_fired(&page, policy, &e->verdict);
    say_changes(&page, e);
    say_envelope(&page, e);
    page_row(&page, "judged by", configuration_name(by, e->arena));
    say_facts(&page, policy, e);
    if (e->message >= 0 || e->dns)
        say_timing(&page, e);
    page_end(&page);
}
