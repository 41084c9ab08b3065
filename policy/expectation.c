/* SPDX-License-Identifier: ISC
 * What a test expects of a verdict. */
#include "policy/dates.h"
#include "policy/explain.h"
#include "policy/testblock.h"

/* ---- does it fit? ---- */

static bool score_fits(const struct expectation *expected, double score)
{
    switch (expected->compare) {
    case COMPARE_EQ:
        return score == expected->score;
    case COMPARE_NE:
        return score != expected->score;
    case COMPARE_LT:
        return score < expected->score;
    case COMPARE_LE:
        return score <= expected->score;
    case COMPARE_GT:
        return score > expected->score;
    default:
        return score >= expected->score;
    }
}

static bool has_fired(const struct verdict *verdict, int rule)
{
    for (size_t i = 0; i < verdict->fired_count; i++)
        if ((int)verdict->fired[i] == rule)
            return true;
    return false;
}

static bool text_fits(struct slice expected, struct slice text)
{
    return !expected.ptr || slice_eq(expected, text);
}

static bool reply_fits(const struct expectation *expected, const struct verdict *verdict)
{
    return (expected->code == 0 || expected->code == verdict->code) &&
           text_fits(expected->enhanced, verdict->enhanced) &&
           text_fits(expected->text, verdict->text);
}

static bool verdict_fits(const struct expectation *expected, const struct verdict *verdict)
{
    return verdict->action == expected->action &&
           (expected->rule < 0 || verdict->rule == expected->rule) &&
           text_fits(expected->name, verdict->held_as) && reply_fits(expected, verdict);
}

/* Field names have no case. */
static bool edit_is(const struct edit *edit, enum action kind, const struct expectation *expected)
{
    return edit->kind == kind && (!expected->name.ptr || slice_ieq(expected->name, edit->name)) &&
           (kind == ACTION_HEADER_REMOVE || text_fits(expected->text, edit->value));
}

/* What is set has been removed just before. */
static bool is_edited(const struct expectation *expected, const struct verdict *verdict)
{
    bool set = expected->action == ACTION_HEADER_SET;
    enum action kind = set ? ACTION_HEADER_ADD : expected->action;
    for (size_t i = set; i < verdict->edit_count; i++)
        if (edit_is(&verdict->edits[i], kind, expected) &&
            (!set || edit_is(&verdict->edits[i - 1], ACTION_HEADER_REMOVE, expected)))
            return true;
    return false;
}

static bool is_among(const struct slice *texts, size_t count, struct slice text, bool fold)
{
    for (size_t i = 0; i < count; i++)
        if (!text.ptr || (fold ? slice_ieq(texts[i], text) : slice_eq(texts[i], text)))
            return true;
    return false;
}

static bool is_notified(const struct verdict *verdict, struct slice address)
{
    for (size_t i = 0; i < verdict->notice_count; i++)
        if (!address.ptr || slice_ieq(verdict->notices[i].address, address))
            return true;
    return false;
}

static bool is_done(const struct expectation *expected, const struct verdict *verdict)
{
    switch (expected->action) {
    case ACTION_COPY:
        return is_among(verdict->copies, verdict->copy_count, expected->name, true);
    case ACTION_BCC:
        return is_among(verdict->bccs, verdict->bcc_count, expected->name, true);
    case ACTION_NOTIFY:
        return is_notified(verdict, expected->name);
    case ACTION_LOG:
        return is_among(verdict->log, verdict->log_count, expected->text, false);
    case ACTION_JOURNAL:
        return verdict->journal;
    case ACTION_DELAY:
        return verdict->delay == expected->delay;
    default:
        return is_edited(expected, verdict);
    }
}

/* Each prefix stands in front of what there was. */
static void append_subject(const struct verdict *verdict, const struct facts *facts,
                           struct buf *out)
{
    const struct value *subject = &facts->fact[FACT_MESSAGE_SUBJECT];
    for (size_t i = verdict->edit_count; i-- > 0;)
        if (verdict->edits[i].kind == ACTION_SUBJECT_PREFIX)
            buf_append(out, verdict->edits[i].value);
    if (subject->state == VALUE_KNOWN)
        buf_append(out, subject->text);
}

enum { SUBJECT_MAX = 65536 };

static bool subject_fits(const struct expectation *expected, const struct verdict *verdict,
                         const struct facts *facts)
{
    struct buf subject = buf_init(SUBJECT_MAX);
    append_subject(verdict, facts, &subject);
    bool fits = slice_eq(buf_slice(&subject), expected->text);
    buf_release(&subject);
    return fits;
}

bool expectation_fits(const struct expectation *expected, const struct verdict *verdict,
                      const struct facts *facts)
{
    switch (expected->kind) {
    case EXPECT_SCORE:
        return score_fits(expected, verdict->score);
    case EXPECT_FIRED:
        return has_fired(verdict, expected->rule) != expected->negated;
    case EXPECT_REPLY:
        return reply_fits(expected, verdict);
    case EXPECT_SUBJECT:
        return subject_fits(expected, verdict, facts) != expected->negated;
    case EXPECT_EDIT:
        return is_done(expected, verdict) != expected->negated;
    default:
        return verdict_fits(expected, verdict);
    }
}

/* ---- in words ---- */

static void say_quoted(struct slice text, struct buf *out)
{
    if (text.ptr)
        buf_printf(out, " \"%.*s\"", SLICE_ARGS(text));
}

static void say_rule(const struct policy *policy, int rule, const char *by, struct buf *out)
{
    if (rule >= 0)
        buf_printf(out, "%s \"%.*s\"", by, SLICE_ARGS(policy->rules[rule].name));
}

static void say_reply(unsigned code, struct slice enhanced, struct slice text, struct buf *out)
{
    if (code > 0)
        buf_printf(out, " %u", code);
    if (enhanced.len > 0)
        buf_printf(out, " %.*s", SLICE_ARGS(enhanced));
    say_quoted(text, out);
}

static void say_expected(const struct policy *policy, const struct expectation *e, struct buf *out)
{
    static const char *const compare[] = {"==", "!=", "<", "<=", ">", ">="};
    buf_cstr(out, e->negated ? "not " : "");
    switch (e->kind) {
    case EXPECT_SCORE:
        buf_printf(out, "score %s %g", compare[e->compare], e->score);
        return;
    case EXPECT_FIRED:
        say_rule(policy, e->rule, "fired", out);
        return;
    case EXPECT_SUBJECT:
        buf_cstr(out, "subject");
        say_quoted(e->text, out);
        return;
    default:
        buf_cstr(out, e->kind == EXPECT_REPLY ? "reply" : action_info(e->action)->word);
        say_quoted(e->name, out);
        say_reply(e->code, e->enhanced, e->text, out);
        if (e->delay > 0)
            buf_char(out, ' ');
        if (e->delay > 0)
            duration_write(out, e->delay);
        say_rule(policy, e->rule, " by", out);
    }
}

static void say_action(enum action action, struct buf *out)
{
    buf_printf(out, ", %s", action_info(action)->word);
}

static void say_each(enum action action, const struct slice *texts, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        say_action(action, out);
        say_quoted(texts[i], out);
    }
}

static void say_edits(const struct verdict *verdict, struct buf *out)
{
    for (size_t i = 0; i < verdict->edit_count; i++) {
        const struct edit *edit = &verdict->edits[i];
        say_action(edit->kind, out);
        if (edit->name.len > 0)
            say_quoted(edit->name, out);
        if (edit->kind != ACTION_HEADER_REMOVE)
            say_quoted(edit->value, out);
    }
}

/* The verdict, and what is done beside it. */
static void say_done(const struct verdict *verdict, struct buf *out)
{
    buf_printf(out, ", got %s", action_info(verdict->action)->word);
    say_edits(verdict, out);
    say_each(ACTION_COPY, verdict->copies, verdict->copy_count, out);
    say_each(ACTION_BCC, verdict->bccs, verdict->bcc_count, out);
    for (size_t i = 0; i < verdict->notice_count; i++)
        say_each(ACTION_NOTIFY, &verdict->notices[i].address, 1, out);
    say_each(ACTION_LOG, verdict->log, verdict->log_count, out);
    if (verdict->journal)
        say_action(ACTION_JOURNAL, out);
    if (verdict->delay == 0)
        return;
    say_action(ACTION_DELAY, out);
    buf_char(out, ' ');
    duration_write(out, verdict->delay);
}

static void say_verdict(const struct policy *policy, const struct expectation *expected,
                        const struct verdict *verdict, struct buf *out)
{
    bool replied = expected->kind == EXPECT_REPLY || expected->code > 0 || expected->enhanced.ptr ||
                   expected->text.ptr;
    buf_printf(out, ", got %s", action_info(verdict->action)->word);
    if (expected->name.ptr && verdict->held_as.len > 0)
        say_quoted(verdict->held_as, out);
    if (replied)
        say_reply(verdict->code, verdict->enhanced, verdict->text, out);
    say_rule(policy, verdict->rule, " by", out);
    if (verdict->unknown < 0)
        return;
    buf_cstr(out, " because ");
    unknown_describe(verdict, out);
}

void expectation_describe(const struct policy *policy, const struct expectation *expected,
                          const struct verdict *verdict, const struct facts *facts, struct buf *out)
{
    buf_cstr(out, "expected ");
    say_expected(policy, expected, out);
    if (expected->kind == EXPECT_SCORE) {
        buf_printf(out, ", got score %g", verdict->score);
    } else if (expected->kind == EXPECT_EDIT) {
        say_done(verdict, out);
    } else if (expected->kind == EXPECT_SUBJECT) {
        buf_cstr(out, ", got \"");
        append_subject(verdict, facts, out);
        buf_char(out, '"');
    } else {
        say_verdict(policy, expected, verdict, out);
    }
}
