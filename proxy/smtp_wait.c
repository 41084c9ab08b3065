/* SPDX-License-Identifier: ISC */
#include "proxy/smtp_wait.h"

#include "base/log.h"

static bool message_scanned(const struct session *s)
{
    return !examination_awaits_scan(&s->t.message, SCAN_CONTENT) &&
           !examination_awaits_scan(&s->t.message, SCAN_ANTIVIRUS);
}

static bool all_known(const struct session *s, enum phase phase)
{
    return client_study_done(s->study, phase) && examination_done(&s->t.message, phase) &&
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
        examination_patient(&s->t.message);
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
    client_study_hurry(s->study);
    examination_hurry(&s->t.message, s->awaited);
}

/* Scanners have an end of their own; only after the dot is it waited for. */
static void run_out_of_patience(struct session *s)
{
    if (!s->hurried && (client_study_waits(s->study) || examination_waits(&s->t.message)))
        hurry(s);
    else if (s->awaited < PHASE_MESSAGE || !examination_awaits_any_scan(&s->t.message))
        examination_give_up(&s->t.message, s->awaited);
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
