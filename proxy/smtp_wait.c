/* SPDX-License-Identifier: ISC
 * A session that waits for what is being found out. Nothing else waits: the loop goes on. */
#include "proxy/smtp_study.h"

#include "base/log.h"

static bool message_scanned(const struct session *s)
{
    return !session_awaits_scan(s, SCAN_CONTENT) && !session_awaits_scan(s, SCAN_ANTIVIRUS);
}

static bool all_known(const struct session *s, enum phase phase)
{
    return client_study_done(s, phase) && sender_study_done(s, phase) &&
           (phase < PHASE_MESSAGE || message_scanned(s));
}

void session_await(struct session *s, enum phase phase, void (*then)(struct session *s))
{
    if (all_known(s, phase)) {
        then(s);
        return;
    }
    s->awaited = phase;
    s->then = then;
    session_wait(s);
    stream_deadline(s->stream, s->proxy->config->settings.resolver_patience);
}

void session_settle(struct session *s)
{
    void (*then)(struct session *) = s->then;
    if (!then || !all_known(s, s->awaited))
        return;
    s->then = NULL;
    if (s->hurried)
        sender_study_hurry(s, false);
    s->hurried = false;
    stream_deadline(s->stream, 0);
    then(s);
}

void session_delay(struct session *s, int64_t ms, void (*then)(struct session *s))
{
    if (ms <= 0) {
        then(s);
        return;
    }
    s->resume = then;
    session_wait(s);
    stream_deadline(s->stream, ms);
}

void session_tarpit(struct session *s, int64_t ms, int64_t *served, void (*then)(struct session *s))
{
    if (ms <= s->delayed)
        ms = 0;
    if (ms > *served)
        *served = ms;
    session_delay(s, ms, then);
}

/* Who answers slowly must not choose what becomes of a message: so the evaluators still say what
 * follows from the answers that did come. */
static void hurry(struct session *s)
{
    log_at(LEVEL_WARNING, s->ref, "DNS or Redis takes too long",
           field_num("ms", s->proxy->config->settings.resolver_patience));
    s->hurried = true;
    client_study_hurry(s);
    sender_study_hurry(s, true);
}

static bool waits_for_scanner(const struct session *s)
{
    for (int slot = 0; slot < SCAN_SLOTS; slot++)
        if (session_awaits_scan(s, (enum scan_slot)slot))
            return true;
    return false;
}

/* Scanners have an end of their own; only after the dot is it waited for. */
static void run_out_of_patience(struct session *s)
{
    if (!s->hurried && (client_study_waits(s) || sender_study_waits(s)))
        hurry(s);
    else if (s->awaited < PHASE_MESSAGE || !waits_for_scanner(s))
        sender_study_give_up(s);
    stream_deadline(s->stream, s->proxy->config->settings.resolver_patience);
    session_settle(s);
}

void session_overdue(struct session *s)
{
    void (*resume)(struct session *) = s->resume;
    if (resume) {
        s->resume = NULL;
        resume(s);
    } else if (s->then) {
        run_out_of_patience(s);
    }
}
