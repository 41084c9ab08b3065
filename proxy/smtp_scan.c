/* SPDX-License-Identifier: ISC
 * Jobs for the scanners, and their answers taken in: what is in the message, whether it is
 * infected, and, in as many rounds as the DNS takes, who sent it. */
#include "proxy/smtp_scan_line.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <unistd.h>

enum { ROUNDS_MAX = 64 }; /* of jobs about the sender; each evaluator has lower bounds of its own */

static const struct config *config_of(const struct session *s)
{
    return s->proxy->config;
}

enum scanner_kind scan_slot_kind(enum scan_slot slot)
{
    return slot == SCAN_ANTIVIRUS ? SCANNER_AV : SCANNER_SCAN;
}

/* ---- answers ---- */

static bool about_sender_too(const struct session *s, enum scan_slot slot)
{
    return slot == SCAN_SENDER || (slot == SCAN_CONTENT && s->t.sender_beside);
}

void session_scan_failed(struct session *s, enum scan_slot slot, const char *reason)
{
    static const char *const names[] = {"scan", "av", "scan (sender)"};
    log_at(LEVEL_WARNING, s->ref, "scan failed", field_str("scanner", names[slot]),
           field_str("reason", reason));
    if (slot != SCAN_SENDER)
        pipeline_fail(config_of(s)->policy, &s->t.facts, scan_slot_kind(slot));
    if (about_sender_too(s, slot))
        study_scanner_failed(&s->t.study);
}

static void take(struct session *s, enum scan_slot slot, const struct scan_answer *answer)
{
    struct transaction *t = &s->t;
    pipeline_merge(config_of(s)->policy, &t->facts, scan_slot_kind(slot), answer);
    if (slot == SCAN_CONTENT) {
        t->parts = answer->parts;
        t->part_count = answer->part_count;
    }
    if (about_sender_too(s, slot))
        study_hear(&t->study, answer);
}

void session_drop_scan(struct session *s, enum scan_slot slot)
{
    struct scan_wait *wait = &s->t.scans[slot];
    scan_line_leave(wait);
    if (!wait->event)
        return;
    event_free(wait->event);
    close(wait->sock);
    wait->event = NULL;
}

void session_give_scan_room(struct session *s)
{
    struct transaction *t = &s->t;
    if (session_awaits_scan(s, SCAN_CONTENT) || session_awaits_scan(s, SCAN_ANTIVIRUS))
        return;
    shared_scan_give(s->proxy->shared, s->proxy->row, t->scan_taken);
    t->scan_taken = 0;
}

/* It has been looked into, or could not be. */
static void learn_content(struct session *s, enum scan_slot slot)
{
    if (slot != SCAN_CONTENT)
        return;
    study_known(&s->t.study, PRODUCER_MESSAGE);
    study_known(&s->t.study, PRODUCER_LINKS);
}

void session_scan_over(struct session *s, enum scan_slot slot)
{
    struct transaction *t = &s->t;
    if (about_sender_too(s, slot) && t->scans[slot].event)
        t->sender_ms += clock_ms() - t->scans[slot].began;
    session_drop_scan(s, slot);
    session_give_scan_room(s);
    learn_content(s, slot);
    sender_study_go_on(s);
    session_settle(s);
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
    struct scan_wait *wait = arg;
    struct session *s = wait->session;
    struct proxy *proxy = s->proxy;
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
        session_scan_failed(s, wait->slot, reason);
    session_scan_over(s, wait->slot);
    scan_line_move(proxy);
}

/* ---- jobs ---- */

static enum submission put_on_queue(struct session *s, enum scan_slot slot,
                                    const struct scan_job *job, int64_t ms)
{
    struct scan_wait *wait = &s->t.scans[slot];
    int queue = s->proxy->queue[scan_slot_kind(slot)];
    struct timeval limit = {ms / 1000, (ms % 1000) * 1000};
    int message = s->t.ended ? spool_fd(s->t.spool) : -1;
    if (queue < 0 || (s->t.ended && message < 0))
        return SUBMIT_FAILED;
    int sock = scan_submit(queue, message, job);
    if (sock < 0)
        return errno == EAGAIN ? SUBMIT_FULL : SUBMIT_FAILED;
    wait->sock = sock;
    wait->event = event_new(s->proxy->base, sock, EV_READ | EV_PERSIST, on_answer, wait);
    if (!wait->event) {
        close(sock);
        return SUBMIT_FAILED;
    }
    event_add(wait->event, &limit);
    return SUBMITTED;
}

static void describe_sender(struct session *s, struct scan_job *job)
{
    struct study *study = &s->t.study;
    *job = (struct scan_job){.limits = s->proxy->job.limits, .honour_np = s->proxy->job.honour_np};
    study->from.now = clock_wall();
    study_describe(study, s->t.ended, job);
}

/* What is in the message; and who sent it, when the DNS has been heard already. */
static void describe_content(struct session *s, struct scan_job *job)
{
    struct study *study = &s->t.study;
    *job = s->proxy->job;
    study->from.now = clock_wall();
    s->t.sender_beside = sender_study_ready(s);
    if (s->t.sender_beside)
        study_describe(study, true, job);
    else
        study_describe_none(study, job);
}

enum submission session_submit(struct session *s, enum scan_slot slot, int64_t ms, const char **why)
{
    struct transaction *t = &s->t;
    struct scan_job job = s->proxy->job;
    if (slot == SCAN_SENDER)
        describe_sender(s, &job);
    else if (slot == SCAN_CONTENT)
        describe_content(s, &job);
    *why = "too many rounds of DNS";
    if (slot == SCAN_SENDER && t->sender_rounds >= ROUNDS_MAX)
        return SUBMIT_FAILED;
    *why = "there is no scanner";
    enum submission result = put_on_queue(s, slot, &job, ms);
    t->sender_rounds += result == SUBMITTED && about_sender_too(s, slot);
    return result;
}

void session_scan_sender(struct session *s)
{
    scan_line_join(s, SCAN_SENDER);
}

void session_scan(struct session *s)
{
    const struct proxy *proxy = s->proxy;
    const struct scan_job *job = &proxy->job;
    if (!config_of(s)->settings.antivirus_enabled)
        pipeline_without_antivirus(&s->t.facts);
    if (job->message || job->attachments || job->links)
        scan_line_join(s, SCAN_CONTENT);
    if (proxy->scans[SCANNER_AV])
        scan_line_join(s, SCAN_ANTIVIRUS);
}
