/* SPDX-License-Identifier: ISC
 * A session that waits for what is being found out. Nothing else waits: the loop goes on. */
#include "proxy/smtp_study.h"

#include "base/log.h"

static bool message_scanned(const struct session *s)
{
    return !s->t.scans[SCAN_CONTENT].event && !s->t.scans[SCAN_ANTIVIRUS].event;
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

void session_overdue(struct session *s)
{
    void (*resume)(struct session *) = s->resume;
    if (resume) {
        s->resume = NULL;
        resume(s);
    } else if (s->then && !(client_study_done(s, s->awaited) && sender_study_done(s, s->awaited))) {
        log_at(LEVEL_WARNING, s->ref, "DNS or Redis takes too long",
               field_num("ms", s->proxy->config->settings.resolver_patience));
        client_study_give_up(s);
        sender_study_hurry(s);
        session_settle(s);
    }
}
