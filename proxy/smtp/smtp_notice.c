/* SPDX-License-Identifier: ISC
 * Redis knows what was told today, and each proxy what it has told itself: so not every message of a
 * burst asks, and without Redis there is one notice a proxy. Mail from the null sender is a notice itself,
 * or an answer to one, and makes none. */
#include "proxy/smtp/smtp_notice.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/smtp/smtp_aside.h"
#include "proxy/smtp/smtp_hold.h"
#include "proxy/smtp/smtp_notice_text.h"

#include <string.h>

enum {
    NOTICES_MOST = 16, /* of one message */
    TOLD_MOST = 64,    /* that a proxy remembers */
    KEEPER_MS = 2000,
    REST_MS = 10000, /* of a keeper that has not answered in time */
    DAY_MS = 86400000,
    AGAIN_MS = 600000, /* until Redis is asked again what another has told */
};

/* ---- what this proxy knows of ---- */

static struct {
    struct state_key key;
    int64_t until; /* clock_ms */
} told[TOLD_MOST];
static size_t oldest;

static bool same_key(const struct state_key *a, const struct state_key *b)
{
    return slice_eq(state_key_slice(a), state_key_slice(b));
}

static bool was_told(const struct state_key *key)
{
    for (size_t i = 0; i < TOLD_MOST; i++)
        if (told[i].until > clock_ms() && same_key(&told[i].key, key))
            return true;
    return false;
}

static void remember(const struct state_key *key, int64_t ms)
{
    told[oldest].key = *key;
    told[oldest].until = clock_ms() + ms;
    oldest = (oldest + 1) % TOLD_MOST;
}

static void forget(const struct state_key *key)
{
    for (size_t i = 0; i < TOLD_MOST; i++)
        if (same_key(&told[i].key, key))
            told[i].until = 0;
}

/* ---- one after the other ---- */

static void go_on(struct smtp_session *s);

static const struct notice *present(const struct smtp_session *s)
{
    return &s->t->noticing.all[s->t->noticing.next];
}

static void next(struct smtp_session *s)
{
    s->t->noticing.next++;
    go_on(s);
}

static void lost(struct smtp_session *s, const char *reason)
{
    const struct state_key *key = &s->t->noticing.key;
    log_at(LEVEL_ERROR, s->ref, "no notice is sent", field_text("to", present(s)->address),
           field_str("reason", reason));
    session_count(&s->base, COUNTER_NOTICES_LOST);
    forget(key);
    state_notice_undo(s->base.proxy->state, key);
}

static int64_t asked_again_at; /* clock_ms; 0: the keeper is well */

/* What it has not answered in time it may still have: that is taken back, as it will be told anew. */
static void kept(void *ctx, const struct hold_answer *answer)
{
    struct smtp_session *s = ctx;
    if (answer->held) {
        asked_again_at = 0;
        session_count(&s->base, COUNTER_NOTICES);
    } else {
        asked_again_at = clock_ms() + REST_MS;
        holding_withdraw(s->base.proxy, HELD_IN_QUARANTINE, s->t->noticing.ticket, false);
        lost(s, answer->reason);
    }
    next(s);
}

/* The relay that its message came to, or any; empty: the server behind the address' domain. */
static struct slice relay_for(const struct smtp_session *s, struct slice address)
{
    const struct config *config = s->base.proxy->config;
    struct domain_name domain;
    struct slice text = slice_from(address, slice_rfind(address, '@') + 1);
    if (!domain_name_make(s->mail, text, &domain) && config_domain(config, domain))
        return SLICE("");
    if (s->base.listener->relay)
        return s->base.listener->relay->name;
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].relay)
            return config->listeners[i].relay->name;
    return SLICE("");
}

/* NULL: the keeper is asked; else why not. */
static const char *hand_over(struct smtp_session *s)
{
    const struct notice *notice = present(s);
    struct verdict rule = {.rule = (int)notice->rule};
    struct leaving leaving = {0};
    struct notice_text text;
    const char *reason = "out of memory";
    if (asked_again_at > clock_ms())
        return "the keeper has not taken the one before";
    if (!smtp_notice_text(s, notice, &text) ||
        !smtp_leaves_for(s, &leaving, &rule, notice->address, SLICE("notice")))
        return reason;
    struct spool *spool = spool_over(text.message);
    struct hold_request request = {.place = HELD_IN_QUARANTINE,
                                   .reference = slice_of(s->ref),
                                   .author = text.author,
                                   .subject = text.subject,
                                   .message_id = text.id,
                                   .fields = SLICE(""),
                                   .relay = relay_for(s, notice->address),
                                   .eight_bit = false};
    leaving_tell(&leaving, &request);
    bool asked = spool && smtp_hold_begin(s, &request, spool_fd(spool), &s->t->noticing.ticket,
                                          KEEPER_MS, kept, &reason);
    spool_free(&spool);
    return asked ? NULL : reason;
}

/* Redis has said whether it is the first. */
static void answered(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    bool again = s->t->noticing.answer == ONCE_AGAIN;
    remember(&s->t->noticing.key, again ? AGAIN_MS : DAY_MS);
    const char *reason = again ? NULL : hand_over(s);
    if (!again && !reason)
        return;
    if (reason)
        lost(s, reason);
    next(s);
}

static struct slice account_of(const struct smtp_session *s)
{
    const struct value *name = &s->t->message.facts.fact[FACT_ACCOUNT_NAME];
    return name->state == VALUE_KNOWN ? name->text : SLICE("");
}

static bool is_new(struct smtp_session *s)
{
    const struct notice *notice = present(s);
    const struct policy *policy = s->base.proxy->config->policy;
    s->t->noticing.key =
        state_notice_key(s->base.proxy->state,
                         &(struct state_notice){.rule = policy_rule_info(policy, notice->rule).name,
                                                .account = account_of(s),
                                                .address = notice->address});
    return s->t->noticing.key.len > 0 && !was_told(&s->t->noticing.key);
}

static void go_on(struct smtp_session *s)
{
    struct noticing *noticing = &s->t->noticing;
    while (noticing->next < noticing->count && !is_new(s))
        noticing->next++;
    if (noticing->next == noticing->count) {
        noticing->then(&s->base);
        return;
    }
    state_notice(s->t->message.state, &noticing->key, &noticing->answer);
    session_await(&s->base, PHASE_MAIL, answered); /* for Redis alone, not for the message */
}

/* ---- which ---- */

static bool is_among(const struct noticing *noticing, const struct notice *notice)
{
    for (size_t i = 0; i < noticing->count; i++)
        if (noticing->all[i].rule == notice->rule &&
            slice_ieq(noticing->all[i].address, notice->address))
            return true;
    return false;
}

/* Of all recipients, each once; without an address where there is no domain whose postmaster it could be. */
static void gather(struct smtp_session *s)
{
    struct noticing *noticing = &s->t->noticing;
    noticing->all = arena_array(s->mail, NOTICES_MOST, sizeof *noticing->all);
    for (size_t i = 0; noticing->all && i < s->t->recipient_count; i++) {
        const struct verdict *v = &s->t->recipients[i].verdict;
        for (size_t k = 0; k < v->notice_count && noticing->count < NOTICES_MOST; k++)
            if (v->notices[k].address.len > 0 && !is_among(noticing, &v->notices[k]))
                noticing->all[noticing->count++] = v->notices[k];
    }
}

static bool any_wanted(const struct smtp_session *s)
{
    for (size_t i = 0; i < s->t->recipient_count; i++)
        if (s->t->recipients[i].verdict.notice_count > 0)
            return true;
    return false;
}

void smtp_notices(struct smtp_session *s, void (*then)(struct session *base))
{
    s->t->noticing = (struct noticing){.then = then};
    if (any_wanted(s) && s->t->message.state && s->t->sender.address.len > 0)
        gather(s);
    go_on(s);
}
