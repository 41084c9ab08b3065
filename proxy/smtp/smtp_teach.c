/* SPDX-License-Identifier: ISC
 * What comes to a trap is spam: it is learnt for the trap's domain, as of a user, and so within a user's bounds.
 * A report has a transaction of its own, as its sender must hear what became of it: 250 once each
 * message that is attached to it is learnt, on the keeper's disk. */
#include "proxy/smtp/smtp_teach.h"

#include "base/log.h"
#include "filters/mime/headers.h"
#include "proxy/examine/labelling.h"
#include "proxy/examine/opinion_told.h"
#include "proxy/session/own_received.h"
#include "proxy/session/session_share.h"
#include "proxy/smtp/smtp_finish.h"
#include "proxy/smtp/smtp_hold.h"
#include "proxy/smtp/smtp_login.h"

#include <string.h>

struct opinion {
    struct label label; /* without its vector */
    struct campaign_sketch sketch;
    struct slice author;
};

static const struct config *config_of(const struct smtp_session *s)
{
    return s->base.proxy->config;
}

static bool is_report(enum teaching teaching)
{
    return teaching == TEACHES_SPAM || teaching == TEACHES_GOOD;
}

/* Of a transaction all or none are. */
static bool is_of_report(const struct transaction *t)
{
    return t->taught_count && is_report(t->taught[0].teaching);
}

/* ---- RCPT ---- */

/* Votes are of users here: of others there are as many as somebody inside writes as senders. */
static bool may_report(const struct smtp_session *s)
{
    const struct smtp_path *sender = &s->t->sender;
    if (s->submitter)
        return *s->submitter->address;
    return sender->address.len > 0 && config_domain(config_of(s), sender->name) &&
           config_takes_reports(config_of(s), &s->base.client);
}

static enum teach_reply add(struct smtp_session *s, const struct smtp_path *path,
                            enum teaching teaching)
{
    struct transaction *t = s->t;
    struct taught *all =
        arena_grow(s->mail, t->taught, t->taught_count, &t->taught_room, sizeof *all);
    if (!all)
        return TEACH_NO_MEMORY;
    t->taught = all;
    t->taught[t->taught_count++] = (struct taught){.path = *path, .teaching = teaching};
    arena_adopt(s->mail, s->rcpt);
    return TEACH_TAKEN;
}

static bool is_there(const struct transaction *t, const struct smtp_path *path)
{
    for (size_t i = 0; i < t->taught_count; i++)
        if (slice_eq(t->taught[i].path.spelled, path->spelled))
            return true;
    return false;
}

enum teach_reply smtp_teach_recipient(struct smtp_session *s, const struct smtp_path *path,
                                      bool ours)
{
    const struct transaction *t = s->t;
    enum teaching teaching = config_teaches(config_of(s), path->spelled);
    if (is_there(t, path))
        return TEACH_TAKEN;
    if (is_report(teaching) && !may_report(s))
        return TEACH_FORBIDDEN;
    if (is_of_report(t) || (is_report(teaching) && smtp_recipients(t)))
        return TEACH_ALONE;
    bool none = teaching == TEACHES_NOTHING || (teaching == TEACHES_TRAP && !ours);
    return none ? TEACH_NOT : add(s, path, teaching);
}

/* ---- traps ---- */

/* A bounce to a trap says that somebody has forged its address, not that the bounce is spam. */
static const char *why_not_learnt(const struct smtp_session *s)
{
    const struct proxy *proxy = s->base.proxy;
    const struct ip *client = &s->base.client;
    return s->t->sender.address.len == 0 ? "from the null sender"
           : s->base.listener->direction != DIRECTION_INBOUND ||
                   config_takes_reports(proxy->config, client) ||
                   session_is_of_backend(proxy->config, client)
               ? "from inside"
           : !labelling_wanted(proxy) ? "nothing is learnt"
           : labelling_is_busy()      ? "too much waits to be learnt"
                                      : NULL;
}

static void note(struct smtp_session *s, struct slice what, struct slice how)
{
    struct slice text = ARENA_JOIN(s->mail, what, SLICE(": "), how);
    if (text.ptr)
        s->t->learnt = text;
}

/* *label: without its vector, and without which message it is of. False: out of memory. */
static bool trap_label(struct smtp_session *s, struct label *label)
{
    const struct smtp_path *trap = &s->t->taught[0].path;
    *label = (struct label){.class = LABEL_SPAM,
                            .how = LABEL_TRAP,
                            .account = ARENA_JOIN(s->mail, SLICE("@"), trap->name.text),
                            .reference = slice_of(s->ref)};
    return label->account.ptr != NULL;
}

/* It was lost, and that is nobody's loss. */
static void not_learnt(struct smtp_session *s, const char *reason)
{
    note(s, SLICE("trap, not learnt"), slice_of(reason));
    session_count(&s->base, COUNTER_TRAPS_UNLEARNT);
    log_at(LEVEL_INFO, s->ref, "trap not learnt", field_str("reason", reason));
}

static void discard(struct smtp_session *s)
{
    smtp_finish_say(s, "discard", 250, "2.0.0", "accepted");
}

static void discard_unlearnt(struct smtp_session *s, const char *reason)
{
    not_learnt(s, reason);
    discard(s);
}

/* Until the keeper has it, as who may teach no more has no vote either. False: out of memory. */
static bool note_opinion(struct smtp_session *s, const struct label *label,
                         const struct scan_answer *answer)
{
    struct opinion *o = s->t->opinion ? s->t->opinion : arena_alloc(s->mail, sizeof *o);
    s->t->opinion = o;
    if (!o)
        return false;
    *o = (struct opinion){.label = *label,
                          .sketch = answer->sketch,
                          .author = arena_copy(s->mail, opinion_author(answer))};
    o->label.vector = SLICE("");
    return o->author.ptr != NULL;
}

/* Mail that comes is compared with it from now on. */
static void tell(const struct smtp_session *s)
{
    const struct opinion *o = s->t->opinion;
    opinion_tell(s->base.proxy, s->mail, &o->label, &o->sketch, o->author);
}

static void trap_kept(void *ctx, const struct hold_answer *answer)
{
    struct smtp_session *s = ctx;
    if (!answer->held) {
        discard_unlearnt(s, answer->reason);
        return;
    }
    tell(s);
    note(s, SLICE("trap"), SLICE("learnt as spam"));
    discard(s);
}

static bool keep(struct smtp_session *s, const struct label *label,
                 const struct scan_answer *looked_at,
                 void (*done)(void *ctx, const struct hold_answer *answer), const char **reason)
{
    *reason = "out of memory";
    if (!note_opinion(s, label, looked_at))
        return false;
    s->t->holding = (struct holding){.done = done, .ctx = s};
    return holding_begin_label(&s->t->holding, s->base.proxy, label, smtp_hold_patience(s), reason);
}

static void trap_looked_at(void *ctx, const struct scan_answer *answer)
{
    struct smtp_session *s = ctx;
    struct label label;
    const char *reason = "out of memory";
    s->t->teaching = NULL;
    if (!answer || !answer->attached.there || !answer->vector.len) {
        discard_unlearnt(s, "no scanner has made anything of it");
        return;
    }
    bool made = trap_label(s, &label);
    memcpy(label.message, answer->attached.digest, sizeof label.message);
    label.vector = answer->vector;
    if (!made || !keep(s, &label, answer, trap_kept, &reason))
        discard_unlearnt(s, reason);
}

static bool look_at(struct smtp_session *s, uint32_t attached,
                    void (*then)(void *ctx, const struct scan_answer *answer))
{
    s->t->teaching = labelling_look(s->base.proxy, spool_fd(s->t->message.spool), attached,
                                    smtp_hold_patience(s), then, s);
    if (s->t->teaching)
        session_wait(&s->base);
    return s->t->teaching != NULL;
}

static void trap_alone(struct smtp_session *s)
{
    const char *reason = why_not_learnt(s);
    if (reason)
        discard_unlearnt(s, reason);
    else if (!look_at(s, 0, trap_looked_at))
        discard_unlearnt(s, "there is no room to look at it");
}

/* Others have it too: nobody waits for what is learnt of it. */
static void trap_beside(struct smtp_session *s)
{
    struct label label;
    const char *reason = why_not_learnt(s);
    struct labelling *labelling = NULL;
    if (!reason && trap_label(s, &label))
        labelling = labelling_begin_trap(s->base.proxy, spool_fd(s->t->message.spool),
                                         (size_t)spool_size(s->t->message.spool), &label);
    if (!labelling) {
        not_learnt(s, reason ? reason : "there is no room to look at it");
        return;
    }
    note(s, SLICE("trap"), SLICE("to be learnt as spam"));
    labelling_say(labelling);
}

/* ---- reports ---- */

static void put_off(struct smtp_session *s, const char *reason)
{
    log_at(LEVEL_ERROR, s->ref, "report not learnt", field_str("reason", reason));
    note(s, SLICE("report, not learnt"), slice_of(reason));
    smtp_finish_say(s, "defer", 451, "4.3.0", "the report cannot be learnt now, try again later");
}

/* Tomorrow there is room for it. */
static void put_off_for_a_day(struct smtp_session *s)
{
    note(s, SLICE("report, not learnt"), SLICE(LABEL_ENOUGH));
    smtp_finish_say(s, "defer", 452, "4.7.0",
                    "you have reported as much as is learnt of one user in a day, try again later");
}

static void refuse(struct smtp_session *s, const char *text)
{
    note(s, SLICE("report, not learnt"), slice_of(text));
    smtp_finish_say(s, "reject", 550, "5.6.0", text);
}

static void thank(struct smtp_session *s)
{
    bool spam = s->t->taught[0].teaching == TEACHES_SPAM;
    note(s, SLICE("report"), spam ? SLICE("learnt as spam") : SLICE("learnt as good mail"));
    smtp_finish_say(s, "discard", 250, "2.0.0",
                    spam ? "thank you, learnt as spam" : "thank you, learnt as good mail");
}

static void look_at_next(struct smtp_session *s);

static void report_kept(void *ctx, const struct hold_answer *answer)
{
    struct smtp_session *s = ctx;
    if (answer->held)
        tell(s);
    if (!answer->held && strcmp(answer->reason, LABEL_ENOUGH) == 0)
        put_off_for_a_day(s);
    else if (!answer->held)
        put_off(s, answer->reason);
    else if (++s->t->reported < s->t->to_report)
        look_at_next(s);
    else
        thank(s);
}

static void report_one(struct smtp_session *s, const struct scan_answer *answer)
{
    const char *reason;
    struct label label = {
        .class = s->t->taught[0].teaching == TEACHES_SPAM ? LABEL_SPAM : LABEL_GOOD,
        .how = LABEL_REPORTED,
        .account = s->submitter ? slice_of(s->submitter->address) : s->t->sender.spelled,
        .reference = received_reference(answer->attached.received, config_of(s)->hostname),
        .vector = answer->vector};
    memcpy(label.message, answer->attached.digest, sizeof label.message);
    if (!keep(s, &label, answer, report_kept, &reason))
        put_off(s, reason);
}

static void report_looked_at(void *ctx, const struct scan_answer *answer)
{
    struct smtp_session *s = ctx;
    s->t->teaching = NULL;
    if (!answer) {
        put_off(s, "no scanner has looked at it");
    } else if (answer->attached.count == 0) {
        refuse(s, "no message is attached: forward it as an attachment (Outlook: Ctrl+Alt+F), as "
                  "a message that is quoted in another cannot be learnt");
    } else if (answer->attached.count > REPORTED_MOST) {
        refuse(s, "more than 16 messages are attached: report them in several mails");
    } else if (!answer->attached.there || !answer->vector.len) {
        put_off(s, "there is no model yet");
    } else {
        s->t->to_report = answer->attached.count;
        report_one(s, answer);
    }
}

static void look_at_next(struct smtp_session *s)
{
    if (!look_at(s, s->t->reported + 1, report_looked_at))
        put_off(s, "there is no room to look at it");
}

/* Auto-Submitted: no (RFC 3834 5), or no such field. */
static bool is_by_hand(const struct smtp_session *s)
{
    struct header field;
    struct slice block = headers_block(spool_bytes(s->t->message.spool), NULL);
    if (!headers_find(block, SLICE("Auto-Submitted"), 0, &field))
        return true;
    struct slice word = slice_trim(field.value);
    return slice_istarts(word, SLICE("no")) &&
           (word.len == 2 || word.ptr[2] == ';' || ascii_blank(word.ptr[2]));
}

static void report(struct smtp_session *s)
{
    if (!is_by_hand(s))
        refuse(s, "what a program sends by itself (Auto-Submitted) is no report");
    else if (!labelling_wanted(s->base.proxy))
        put_off(s, "nothing is learnt");
    else
        look_at_next(s);
}

/* ---- */

bool smtp_teach(struct smtp_session *s)
{
    const struct transaction *t = s->t;
    bool reports = is_of_report(t), alone = t->recipient_count == 0;
    if (t->taught_count == 0)
        return false;
    if (reports)
        report(s);
    else if (alone)
        trap_alone(s);
    else
        trap_beside(s);
    return alone;
}

void smtp_teach_end(struct smtp_session *s)
{
    labelling_drop(s->t->teaching);
    s->t->teaching = NULL;
}
