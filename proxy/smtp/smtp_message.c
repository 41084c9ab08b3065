/* SPDX-License-Identifier: ISC
 * From the final dot to the reply: scanners, rules, edits, delivery.
 * The sender's 250 is the backend's 250. */
#include "proxy/smtp/smtp_message.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/examine/likened.h"
#include "proxy/examine/listed.h"
#include "proxy/smtp/smtp_answered.h"
#include "proxy/smtp/smtp_banner.h"
#include "proxy/smtp/smtp_deliver.h"
#include "proxy/smtp/smtp_facts.h"
#include "proxy/smtp/smtp_finish.h"
#include "proxy/smtp/smtp_hold.h"
#include "proxy/smtp/smtp_notice.h"
#include "proxy/smtp/smtp_owned.h"
#include "proxy/smtp/smtp_retry.h"
#include "proxy/smtp/smtp_teach.h"
#include "proxy/smtp/trace.h"

static const struct config *config_of(const struct smtp_session *s)
{
    return s->base.proxy->config;
}

/* ---- the verdict ---- */

static void refuse(struct smtp_session *s, const struct ruling *ruling)
{
    struct decision decision = {.verdict = action_info(ruling->action)->word,
                                .rules = ruling->verdict,
                                .for_all = ruling->refused_for_one};
    smtp_finish(s, &decision, ruling->code, ruling->enhanced, ruling->text);
    if (ruling->action == ACTION_DROP && s->base.state != SESSION_CLOSING)
        session_hang_up(&s->base);
}

static void log_texts(const struct smtp_session *s, const struct verdict *v)
{
    for (size_t i = 0; i < v->log_count; i++)
        log_at(LEVEL_INFO, s->ref, "rule", field_text("text", v->log[i]));
}

static void carry_out(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    const struct ruling *ruling = &s->t->ruling;
    if (smtp_is_kept(s, ruling))
        smtp_hold(s, ruling);
    else if (ruling->kind == RULING_DELIVER)
        smtp_deliver(s);
    else if (ruling->kind == RULING_DISCARD)
        smtp_finish_say(s, "discard", 250, "2.0.0", "accepted");
    else
        refuse(s, ruling);
}

static void follow(struct smtp_session *s, const struct ruling *ruling)
{
    struct transaction *t = s->t;
    t->ruling = *ruling;
    t->verdict = ruling->verdict;
    t->banners_differ = ruling->kind != RULING_SPLIT && ruling->banners_differ;
    if (ruling->kind == RULING_SPLIT)
        smtp_retry_remember_fates(s);
    else
        log_texts(s, ruling->verdict);
    smtp_notices(s, carry_out);
}

static bool asks_for_marks(const struct smtp_session *s)
{
    return policy_uses(config_of(s)->policy, FACT_MESSAGE_RELEASED);
}

static void turn(void *ctx, size_t recipient)
{
    struct smtp_session *s = ctx;
    struct recipient *r = &s->t->recipients[recipient];
    examination_recall_recipient(&s->t->message, r->path.spelled, &r->known);
    examination_recall_told(&s->t->message, recipient);
    listed_facts(&s->t->message, r->path.spelled);
    likened_facts(&s->t->message);
    smtp_owned_author(s);
    if (asks_for_marks(s))
        s->t->message.facts.fact[FACT_MESSAGE_RELEASED] =
            value_bool(s->base.proxy->has_mark &&
                       released_to(&s->t->released, s->base.proxy->mark, r->path.spelled));
}

/* False: out of memory. */
static bool convene(struct smtp_session *s, struct judge *judge)
{
    struct transaction *t = s->t;
    *judge = (struct judge){
        .policy = config_of(s)->policy,
        .facts = &t->message.facts,
        .through = PHASE_MESSAGE,
        .arena = s->mail,
        .verdicts = arena_array(s->mail, t->recipient_count, sizeof *judge->verdicts),
        .count = t->recipient_count,
        .all_or_nobody = judge_all_or_nobody(config_of(s), s->base.listener->direction),
        .turn = turn,
        .ctx = s};
    for (size_t i = 0; judge->verdicts && i < t->recipient_count; i++)
        judge->verdicts[i] = &t->recipients[i].verdict;
    return judge->verdicts != NULL;
}

static void no_memory(struct smtp_session *s)
{
    smtp_finish_say(s, "defer", 452, "4.3.1", "out of memory");
}

static void act(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    struct transaction *t = s->t;
    struct judge judge;
    if (!convene(s, &judge)) {
        no_memory(s);
        return;
    }
    struct ruling ruling = judge_together(&judge, t->message.parts, t->message.part_count,
                                          spool_size(t->message.spool));
    follow(s, &ruling);
}

/* What its recipients were made to wait for already counts. */
static void act_in_time(struct smtp_session *s)
{
    struct transaction *t = s->t;
    int64_t ms = 0;
    for (size_t i = 0; i < t->recipient_count; i++)
        if (t->recipients[i].verdict.delay > ms)
            ms = t->recipients[i].verdict.delay;
    session_tarpit(&s->base, ms > t->delayed ? ms : 0, &t->delayed, act);
}

static void decide(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    struct judge judge;
    if (convene(s, &judge) && judge_each(&judge) && !arena_failed(s->mail))
        act_in_time(s);
    else
        no_memory(s);
}

/* ---- the dot ---- */

static void fault_reply(struct smtp_session *s, enum body_fault fault)
{
    switch (fault) {
    case BODY_TOO_BIG:
        smtp_finish_say(s, "reject", 552, "5.3.4", "message too big");
        break;
    case BODY_NO_ROOM:
    case BODY_NO_MEMORY:
        smtp_finish_say(s, "defer", 452, "4.3.1", "out of room for messages, try again later");
        break;
    case BODY_BARE_NEWLINE:
        smtp_finish_say(s, "reject", 554, "5.6.0",
                        "bare CR or LF in the message: lines end with CRLF (RFC 5321 2.3.8)");
        break;
    case BODY_NUL:
        smtp_finish_say(s, "reject", 554, "5.6.0", "NUL in the message (RFC 5322 2.2)");
        break;
    case BODY_FINE:
        break;
    }
}

static bool loops(struct smtp_session *s)
{
    switch (trace_loop(spool_bytes(s->t->message.spool), config_of(s)->settings.limits_received,
                       config_of(s)->hostname)) {
    case TRACE_FINE:
        return false;
    case TRACE_TOO_MANY:
        smtp_finish_say(s, "reject", 554, "5.4.6", "too many hops: this message is looping");
        return true;
    case TRACE_OURSELVES:
        smtp_finish_say(s, "reject", 554, "5.4.6",
                        "this message has come through here before: it is looping");
        return true;
    }
    return false;
}

static void message_facts(struct smtp_session *s)
{
    struct transaction *t = s->t;
    smtp_facts(s, PHASE_MESSAGE);
    t->message.facts.fact[FACT_MESSAGE_SIZE] = value_integer((int64_t)spool_size(t->message.spool));
    if (asks_for_marks(s))
        released_read(spool_bytes(t->message.spool), &t->released);
    if (!policy_uses(config_of(s)->policy, FACT_RECIPIENTS))
        return;
    struct value *items = arena_array(s->mail, t->recipient_count, sizeof *items);
    for (size_t i = 0; items && i < t->recipient_count; i++)
        items[i] = value_text(t->recipients[i].path.spelled);
    t->message.facts.fact[FACT_RECIPIENTS] =
        (struct value){.state = items ? VALUE_KNOWN : VALUE_UNKNOWN,
                       .list = {items, items ? t->recipient_count : 0, false}};
}

static bool all_decided(const struct transaction *t)
{
    for (size_t i = 0; i < t->recipient_count; i++)
        if (!t->recipients[i].decided)
            return false;
    return true;
}

static bool delivers(const struct transaction *t)
{
    for (size_t i = 0; i < t->recipient_count; i++)
        if (t->recipients[i].verdict.action == ACTION_ACCEPT)
            return true;
    return false;
}

/* Greylisting remembers who was let through: a domain that SPF has passed for, else one that has
 * signed. */
static bool is_remembered_by_signer(const struct smtp_session *s)
{
    return smtp_wants(s)[PRODUCER_GREYLIST] && examination_authenticated(&s->t->message).len == 0 &&
           delivers(s->t);
}

/* What the rules decided before the message was there; but not where a banner can stand in it. */
static void act_as_decided(struct smtp_session *s)
{
    bool signer = is_remembered_by_signer(s), banner = smtp_banner_wanted(s);
    if (banner)
        examination_banners(&s->t->message);
    else if (signer)
        examination_signer(&s->t->message);
    if (signer || banner)
        session_await(&s->base, PHASE_MESSAGE, act);
    else
        act(&s->base);
}

static struct slice spelled(void *ctx, size_t number)
{
    const struct transaction *t = ctx;
    return t->recipients[number].path.spelled;
}

void smtp_message(struct smtp_session *s)
{
    struct transaction *t = s->t;
    t->ended = clock_ms();
    s->messages++;
    session_count(&s->base, COUNTER_MESSAGES);
    if (t->fault != BODY_FINE) {
        fault_reply(s, t->fault);
        return;
    }
    if (loops(s))
        return;
    message_facts(s);
    if (smtp_teach(s))
        return;
    if (all_decided(t)) {
        act_as_decided(s);
        return;
    }
    smtp_answered_choose(s);
    examination_recipients(&t->message, t->recipient_count, spelled, t);
    examination_message(&t->message);
    session_await(&s->base, PHASE_MESSAGE, decide);
}
