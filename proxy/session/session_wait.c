/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "proxy/session/session_log.h"

static bool message_known(const struct examination *message, enum phase phase)
{
    return examination_done(message, phase) &&
           (phase < PHASE_MESSAGE || (!examination_awaits_scan(message, SCAN_CONTENT) &&
                                      !examination_awaits_scan(message, SCAN_ANTIVIRUS) &&
                                      !examination_awaits_scan(message, SCAN_QR) &&
                                      !examination_awaits_scan(message, SCAN_REDACTION)));
}

static bool all_known(const struct session *s, enum phase phase)
{
    return client_study_done(s->study, phase) && (!s->message || message_known(s->message, phase));
}

void session_await(struct session *s, enum phase phase, void (*then)(struct session *s))
{
    if (all_known(s, phase)) {
        then(s);
        return;
    }
    s->wait.phase = phase;
    s->wait.then = then;
    session_wait(s);
    stream_deadline(s->stream, s->proxy->config->settings.resolver_patience);
}

void session_settle(struct session *s)
{
    void (*then)(struct session *) = s->wait.then;
    if (!then || !all_known(s, s->wait.phase))
        return;
    s->wait.then = NULL;
    if (s->wait.hurried && s->message)
        examination_patient(s->message);
    s->wait.hurried = false;
    stream_deadline(s->stream, 0);
    then(s);
}

void session_delay(struct session *s, int64_t ms, void (*then)(struct session *s))
{
    if (ms <= 0) {
        then(s);
        return;
    }
    s->wait.resume = then;
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

/* The log has told so. */
static bool dns_is_away(const struct session *s)
{
    int64_t since;
    char why[SHARED_WHY_MAX];
    return shared_server_is_down(s->proxy->shared, SHARED_RESOLVER, &since, why);
}

/* Who answers slowly must not choose what becomes of a message: so the evaluators still say what
 * follows from the answers that did come. */
static void hurry(struct session *s)
{
    if (!dns_is_away(s) && session_logs(s, LINE_SLOW))
        log_at(LEVEL_WARNING, s->message ? s->message->ref : s->id, "DNS or Redis takes too long",
               field_num("ms", s->proxy->config->settings.resolver_patience));
    s->wait.hurried = true;
    client_study_hurry(s->study);
    if (s->message)
        examination_hurry(s->message, s->wait.phase);
}

/* Scanners have an end of their own; only after the dot is it waited for. */
static void give_up(struct session *s)
{
    if (s->message && (s->wait.phase < PHASE_MESSAGE || !examination_awaits_any_scan(s->message)))
        examination_give_up(s->message, s->wait.phase);
}

static bool may_be_hurried(const struct session *s)
{
    return !s->wait.hurried &&
           (client_study_waits(s->study) || (s->message && examination_waits(s->message)));
}

static void run_out_of_patience(struct session *s)
{
    (may_be_hurried(s) ? hurry : give_up)(s);
    stream_deadline(s->stream, s->proxy->config->settings.resolver_patience);
    session_settle(s);
}

void session_forget_waiting(struct session *s)
{
    s->wait.then = s->wait.resume = NULL;
}

void session_overdue(struct session *s)
{
    void (*resume)(struct session *) = s->wait.resume;
    if (resume) {
        s->wait.resume = NULL;
        resume(s);
    } else if (s->wait.then) {
        run_out_of_patience(s);
    }
}
