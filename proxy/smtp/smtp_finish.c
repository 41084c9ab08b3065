/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_finish.h"

#include "proxy/examine/answered.h"
#include "proxy/smtp/smtp_answer.h"
#include "proxy/smtp/smtp_answered.h"
#include "proxy/smtp/smtp_asked.h"
#include "proxy/smtp/smtp_delivered.h"
#include "proxy/smtp/smtp_fields.h"
#include "proxy/smtp/smtp_hold.h"
#include "proxy/smtp/smtp_retry.h"
#include "proxy/smtp/smtp_transaction.h"

#include <sys/socket.h>

/* Whether the client has closed already: then nobody will hear our 250. Who has said QUIT has nothing
 * more to say, and may close that half alone. */
static bool client_gone(const struct smtp_session *s)
{
    char byte;
    return !slice_iends(stream_kept(s->base.stream), SLICE("QUIT\r\n")) &&
           recv(stream_fd(s->base.stream), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Now, or (LMTP) all who are left at an earlier try. */
static bool was_delivered(const struct smtp_session *s)
{
    return s->t->delivering || s->t->delivered_before;
}

static void count_end(struct smtp_session *s, const struct decision *decision)
{
    if (decision->code / 100 == 2 && was_delivered(s))
        session_count(&s->base, COUNTER_DELIVERED);
    else if (decision->rules && decision->rules->action == ACTION_DEFER)
        session_count(&s->base, COUNTER_DEFERRED);
    else if (decision->rules && judge_refuses(decision->rules))
        session_count(&s->base, COUNTER_REFUSED);
}

/* Those of its recipients who have it, in the transaction's arena. */
static size_t who_has_it(struct smtp_session *s, struct slice **whom)
{
    const struct transaction *t = s->t;
    size_t count = 0;
    *whom = arena_array(s->mail, t->recipient_count, sizeof **whom);
    for (size_t i = 0; *whom && i < t->recipient_count; i++)
        if (t->recipients[i].verdict.action == ACTION_ACCEPT)
            (*whom)[count++] = t->recipients[i].path.spelled;
    return count;
}

/* As addresses that do not exist, or all of them where the message was not wanted as what it is (5.7.x). */
static size_t refused_for_good(const struct transaction *t, const struct decision *decision)
{
    size_t count = 0;
    if (decision->code / 100 != 5 || decision->backend.len == 0)
        return 0;
    for (size_t i = 0; i < t->job.recipient_count; i++)
        count += t->job.recipients[i].reply.kind == REPLY_RECIPIENT;
    bool unwanted = count == 0 && slice_starts(decision->enhanced, SLICE("5.7."));
    return unwanted ? t->job.recipient_count : count;
}

/* Who has written to whom. */
static void remember_recipients(struct smtp_session *s, const struct decision *decision)
{
    unsigned class = decision->code / 100;
    bool delivered = class == 2 && was_delivered(s);
    bool outbound = s->base.listener->direction == DIRECTION_OUTBOUND;
    struct slice *whom = NULL;
    size_t count = delivered ? who_has_it(s, &whom) : 0;
    if (delivered)
        examination_delivered(&s->t->message, whom, count);
    if (delivered && outbound) {
        answered_remember(&s->t->message, whom, count, smtp_added_id(s));
        smtp_answered_left(s, whom, count);
    } else if (delivered) {
        smtp_answered_came(s);
    }
    examination_account_over(
        &s->t->message, &(struct state_sending_end){.put_off = class == 4,
                                                    .delivered = whom,
                                                    .delivered_count = count,
                                                    .refused = refused_for_good(s->t, decision)});
}

void smtp_finish(struct smtp_session *s, const struct decision *decision, unsigned code,
                 struct slice enhanced, struct slice text)
{
    struct decision record = *decision;
    record.code = code;
    record.enhanced = enhanced;
    record.text = text;
    smtp_record(s, &record);
    s->t->settled = code / 100 != 4;
    if (code / 100 == 2)
        s->refused_recipients = 0;
    if (s->t->settled)
        smtp_delivered_forget(s);
    smtp_retry_over(s); /* both before the sender hears it, and comes again to another proxy */
    smtp_hold_over(s, code);
    if (code / 100 == 2 && s->t->doubt && client_gone(s))
        doubt_log(s->t->doubt, "delivered, but the client had gone", s->t->job.server);
    count_end(s, &record);
    if (code / 100 == 2)
        session_was_useful(&s->base);
    for (size_t i = 0; i < s->t->recipient_count; i++)
        examination_met_again(&s->t->message, s->t->recipients[i].path.spelled,
                              &s->t->recipients[i].known);
    if (s->t->recipient_count)
        examination_remember(&s->t->message, record.verdict, s->t->recipients[0].path.spelled);
    remember_recipients(s, &record);
    if (code / 100 == 2 && smtp_is_asked(s))
        smtp_asked_tell(s);
    if (decision->backend.len)
        smtp_answer_backend_recorded(
            s, &(struct backend_reply){.code = code, .enhanced = enhanced, .text = text});
    else
        smtp_answer_recorded(s, code, enhanced, text);
    stream_flush(s->base.stream); /* before its delivery stops being in doubt */
    smtp_reset(s);
    session_go_on(&s->base);
}

void smtp_finish_say(struct smtp_session *s, const char *verdict, unsigned code,
                     const char *enhanced, const char *text)
{
    struct decision decision = {.verdict = verdict, .rules = s->t->verdict};
    smtp_finish(s, &decision, code, slice_of(enhanced), slice_of(text));
}
