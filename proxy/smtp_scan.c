/* SPDX-License-Identifier: ISC
 * The message sent to the scanners whose facts the rules name, and their answers taken in. */
#include "proxy/smtp_session.h"

#include "base/log.h"

#include <errno.h>
#include <unistd.h>

static const struct config *config_of(const struct session *s)
{
    return s->proxy->config;
}

static void merge(struct session *s, enum scanner_kind kind, const struct scan_answer *answer)
{
    struct transaction *t = &s->t;
    pipeline_merge(config_of(s)->policy, &t->facts, kind, answer);
    if (kind == SCANNER_SCAN) {
        t->parts = answer->parts;
        t->part_count = answer->part_count;
    }
}

static void scan_failed(struct session *s, enum scanner_kind kind, const char *reason)
{
    log_at(LEVEL_WARNING, s->ref, "scan failed",
           field_str("scanner", kind == SCANNER_AV ? "av" : "scan"), field_str("reason", reason));
    pipeline_fail(config_of(s)->policy, &s->t.facts, kind);
}

static void scan_over(struct session *s, enum scanner_kind kind)
{
    struct transaction *t = &s->t;
    event_free(t->scan_events[kind]);
    close(t->scan_sockets[kind]);
    t->scan_events[kind] = NULL;
    if (--t->scans_left > 0)
        return;
    shared_scan_give(s->proxy->shared, s->proxy->row);
    t->scan_counted = false;
    session_decide(s);
}

static void on_scan(struct session *s, enum scanner_kind kind, short what)
{
    struct scan_answer answer;
    const char *reason = "no answer in time";
    int r = what & EV_TIMEOUT ? -1
                              : scan_collect(s->t.scan_sockets[kind], s->mail,
                                             s->proxy->job.header_count, &answer, &reason);
    if (r == 0)
        return;
    if (r > 0)
        merge(s, kind, &answer);
    else
        scan_failed(s, kind, reason);
    scan_over(s, kind);
}

static void on_scan_answer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    on_scan(arg, SCANNER_SCAN, what);
}

static void on_av_answer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    on_scan(arg, SCANNER_AV, what);
}

enum submission { SUBMITTED, SUBMIT_FULL, SUBMIT_FAILED };

/* A scanner that hangs is killed by its head, which ends our wait. This bounds the wait for one
 * that is free; the other half of the deadline is the delivery's. */
static int64_t patience(const struct settings *settings)
{
    int64_t half = settings->timeouts_verdict / 2;
    return half > settings->timeouts_scan ? half : settings->timeouts_scan;
}

static enum submission submit(struct session *s, enum scanner_kind kind, const struct scan_job *job)
{
    struct transaction *t = &s->t;
    int64_t ms = patience(&config_of(s)->settings);
    struct timeval wait = {ms / 1000, (ms % 1000) * 1000};
    int message = spool_fd(t->spool);
    if (message < 0)
        return SUBMIT_FAILED;
    int sock = scan_submit(s->proxy->queue[kind], message, job);
    if (sock < 0)
        return errno == EAGAIN ? SUBMIT_FULL : SUBMIT_FAILED;
    t->scan_events[kind] = event_new(s->proxy->base, sock, EV_READ | EV_PERSIST,
                                     kind == SCANNER_AV ? on_av_answer : on_scan_answer, s);
    if (!t->scan_events[kind]) {
        close(sock);
        return SUBMIT_FAILED;
    }
    t->scan_sockets[kind] = sock;
    event_add(t->scan_events[kind], &wait);
    t->scans_left++;
    return SUBMITTED;
}

bool session_scan(struct session *s)
{
    struct proxy *proxy = s->proxy;
    const struct settings *settings = &config_of(s)->settings;
    struct scan_job job = proxy->job;
    job.from.sender = s->t.sender.address;
    if (!settings->antivirus_enabled)
        pipeline_without_antivirus(&s->t.facts);
    if (!proxy->scans[SCANNER_SCAN] && !proxy->scans[SCANNER_AV])
        return true;
    if (!shared_scan_take(proxy->shared, proxy->row, settings->limits_scan_queue)) {
        session_finish_say(s, "defer", 452, "4.3.2",
                           "too many messages wait to be scanned, try again later");
        return false;
    }
    s->t.scan_counted = true;
    for (int kind = 0; kind < SCANNER_KINDS; kind++) {
        if (!proxy->scans[kind])
            continue;
        enum submission result =
            proxy->queue[kind] < 0 ? SUBMIT_FAILED : submit(s, (enum scanner_kind)kind, &job);
        if (result == SUBMIT_FULL) {
            session_finish_say(s, "defer", 452, "4.3.2",
                               "too many messages wait to be scanned, try again later");
            return false;
        }
        if (result == SUBMIT_FAILED)
            scan_failed(s, (enum scanner_kind)kind, "there is no scanner");
    }
    return true;
}
