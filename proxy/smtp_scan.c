/* SPDX-License-Identifier: ISC
 * Jobs for the scanners, and their answers taken in: what is in the message, whether it is
 * infected, and, in as many rounds as the DNS takes, who sent it. */
#include "proxy/smtp_study.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <unistd.h>

enum { ROUNDS_MAX = 64 }; /* of jobs about the sender; each evaluator has lower bounds of its own */

static const struct config *config_of(const struct session *s)
{
    return s->proxy->config;
}

static enum scanner_kind kind_of(enum scan_slot slot)
{
    return slot == SCAN_ANTIVIRUS ? SCANNER_AV : SCANNER_SCAN;
}

/* ---- answers ---- */

static bool about_sender_too(const struct session *s, enum scan_slot slot)
{
    return slot == SCAN_SENDER || (slot == SCAN_CONTENT && s->t.sender_beside);
}

static void scan_failed(struct session *s, enum scan_slot slot, const char *reason)
{
    static const char *const names[] = {"scan", "av", "scan (sender)"};
    log_at(LEVEL_WARNING, s->ref, "scan failed", field_str("scanner", names[slot]),
           field_str("reason", reason));
    if (slot != SCAN_SENDER)
        pipeline_fail(config_of(s)->policy, &s->t.facts, kind_of(slot));
    if (about_sender_too(s, slot))
        sender_study_failed(s);
}

static void take(struct session *s, enum scan_slot slot, const struct scan_answer *answer)
{
    struct transaction *t = &s->t;
    pipeline_merge(config_of(s)->policy, &t->facts, kind_of(slot), answer);
    if (slot == SCAN_CONTENT) {
        t->parts = answer->parts;
        t->part_count = answer->part_count;
    }
    if (about_sender_too(s, slot))
        sender_study_answer(s, answer);
}

void session_drop_scan(struct session *s, enum scan_slot slot)
{
    struct scan_wait *wait = &s->t.scans[slot];
    if (!wait->event)
        return;
    event_free(wait->event);
    close(wait->sock);
    wait->event = NULL;
}

static void over(struct session *s, enum scan_slot slot)
{
    struct transaction *t = &s->t;
    if (about_sender_too(s, slot))
        t->sender_ms += clock_ms() - t->scans[slot].began;
    session_drop_scan(s, slot);
    if (t->scan_counted && !t->scans[SCAN_CONTENT].event && !t->scans[SCAN_ANTIVIRUS].event) {
        shared_scan_give(s->proxy->shared, s->proxy->row);
        t->scan_counted = false;
    }
    sender_study_go_on(s);
    session_settle(s);
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
    struct scan_wait *wait = arg;
    struct session *s = wait->session;
    struct scan_answer answer;
    const char *reason = "no answer in time";
    int r = what & EV_TIMEOUT
                ? -1
                : scan_collect(fd, s->mail, s->proxy->job.header_count, &answer, &reason);
    if (r == 0)
        return;
    if (r > 0)
        take(s, wait->slot, &answer);
    else
        scan_failed(s, wait->slot, reason);
    over(s, wait->slot);
}

/* ---- jobs ---- */

enum submission { SUBMITTED, SUBMIT_FULL, SUBMIT_FAILED };

/* A scanner that hangs is killed by its head, which ends our wait. This bounds the wait for one
 * that is free; the other half of the deadline is the delivery's. */
static int64_t patience(const struct settings *settings)
{
    int64_t half = settings->timeouts_verdict / 2;
    return half > settings->timeouts_scan ? half : settings->timeouts_scan;
}

static enum submission submit(struct session *s, enum scan_slot slot, const struct scan_job *job)
{
    struct scan_wait *wait = &s->t.scans[slot];
    int queue = s->proxy->queue[kind_of(slot)];
    int64_t ms = patience(&config_of(s)->settings);
    struct timeval limit = {ms / 1000, (ms % 1000) * 1000};
    int message = s->t.ended ? spool_fd(s->t.spool) : -1;
    if (queue < 0 || (s->t.ended && message < 0))
        return SUBMIT_FAILED;
    int sock = scan_submit(queue, message, job);
    if (sock < 0)
        return errno == EAGAIN ? SUBMIT_FULL : SUBMIT_FAILED;
    *wait = (struct scan_wait){.session = s, .slot = slot, .sock = sock, .began = clock_ms()};
    wait->event = event_new(s->proxy->base, sock, EV_READ | EV_PERSIST, on_answer, wait);
    if (!wait->event) {
        close(sock);
        return SUBMIT_FAILED;
    }
    event_add(wait->event, &limit);
    return SUBMITTED;
}

static void about_sender(struct session *s, struct scan_job *job)
{
    struct transaction *t = &s->t;
    job->spf = t->spf == LEARNING;
    job->authentication = t->authentication_asked = t->authentication == LEARNING && t->ended;
    job->dns = t->dns.answers;
    t->sender_rounds++;
}

static void from_whom(struct session *s, struct scan_job *job)
{
    job->from = (struct scan_sender){.client = s->client,
                                     .helo = s->helo,
                                     .sender = s->t.sender.address,
                                     .receiver = config_of(s)->hostname,
                                     .now = clock_wall(),
                                     .sample = s->t.sample};
}

bool session_scan_sender(struct session *s)
{
    struct scan_job job = {.limits = s->proxy->job.limits, .honour_np = s->proxy->job.honour_np};
    const char *why = "there is no scanner";
    from_whom(s, &job);
    about_sender(s, &job);
    if (s->t.sender_rounds > ROUNDS_MAX)
        why = "too many rounds of DNS";
    else
        switch (submit(s, SCAN_SENDER, &job)) {
        case SUBMITTED:
            return true;
        case SUBMIT_FULL:
            why = "too many messages wait to be scanned";
            break;
        case SUBMIT_FAILED:
            break;
        }
    scan_failed(s, SCAN_SENDER, why);
    return false;
}

static bool no_room(struct session *s)
{
    session_finish_say(s, "defer", 452, "4.3.2",
                       "too many messages wait to be scanned, try again later");
    return false;
}

/* What is in the message; and who sent it, when the DNS has been heard already. */
static bool scan_content(struct session *s)
{
    struct scan_job job = s->proxy->job;
    job.spf = job.authentication = false;
    if (!job.message && !job.attachments && !job.links)
        return true;
    from_whom(s, &job);
    s->t.sender_beside = sender_study_ready(s);
    if (s->t.sender_beside)
        about_sender(s, &job);
    switch (submit(s, SCAN_CONTENT, &job)) {
    case SUBMIT_FULL:
        return no_room(s);
    case SUBMIT_FAILED:
        scan_failed(s, SCAN_CONTENT, "there is no scanner");
        break;
    case SUBMITTED:
        break;
    }
    return true;
}

static bool scan_for_viruses(struct session *s)
{
    if (!s->proxy->scans[SCANNER_AV])
        return true;
    switch (submit(s, SCAN_ANTIVIRUS, &s->proxy->job)) {
    case SUBMIT_FULL:
        return no_room(s);
    case SUBMIT_FAILED:
        scan_failed(s, SCAN_ANTIVIRUS, "there is no scanner");
        break;
    case SUBMITTED:
        break;
    }
    return true;
}

bool session_scan(struct session *s)
{
    struct proxy *proxy = s->proxy;
    const struct settings *settings = &config_of(s)->settings;
    if (!settings->antivirus_enabled)
        pipeline_without_antivirus(&s->t.facts);
    if (!proxy->scans[SCANNER_SCAN] && !proxy->scans[SCANNER_AV])
        return true;
    if (!shared_scan_take(proxy->shared, proxy->row, settings->limits_scan_queue))
        return no_room(s);
    s->t.scan_counted = true;
    if (!scan_content(s) || !scan_for_viruses(s))
        return false;
    if (!s->t.scans[SCAN_CONTENT].event && !s->t.scans[SCAN_ANTIVIRUS].event) {
        shared_scan_give(proxy->shared, proxy->row);
        s->t.scan_counted = false;
    }
    return true;
}
