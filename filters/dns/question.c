/* SPDX-License-Identifier: ISC */
#include "filters/dns/question.h"

#include "base/clock.h"
#include "filters/dns/resolver_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unbound-event.h>

enum { CLASS_IN = 1, RCODE_FAILED = 2, RCODE_NO_NAME = 3, BOGUS = 1, SECURE = 2 };
enum { SILENCE_MS = 1000 /* who was waited for less has not been silent */ };

static struct question_list *bucket_of(struct resolver *r, const char *name, enum dns_type type)
{
    uint32_t hash = r->seed ^ (uint32_t)type;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return &r->buckets[hash % QUESTION_BUCKETS];
}

struct question *question_find(struct resolver *r, const char *name, enum dns_type type)
{
    struct question *q = TAILQ_FIRST(bucket_of(r, name, type));
    while (q && (q->type != type || strcmp(q->name, name) != 0))
        q = TAILQ_NEXT(q, chain);
    return q;
}

struct question *question_new(struct resolver *r, const char *name, enum dns_type type,
                              const struct asker *asker, uint64_t inquiry, bool reserved)
{
    size_t size = strlen(name) + 1;
    struct question_line *line = question_lines_place(&r->lines, asker, reserved);
    struct question *q = line ? calloc(1, sizeof *q + size) : NULL;
    if (!q)
        return NULL;
    TAILQ_INIT(&q->lookups);
    q->resolver = r;
    q->type = type;
    q->inquiry = inquiry;
    memcpy(q->name, name, size);
    TAILQ_INSERT_TAIL(bucket_of(r, name, type), q, chain);
    question_line_join(line, q, asker);
    return q;
}

void question_promote(struct question *q, const struct asker *asker)
{
    struct question_lines *lines = &q->resolver->lines;
    struct question_line *line = q->queued ? question_lines_place(lines, asker, true) : NULL;
    if (!line || line == q->in || q->in == &lines->reserved)
        return;
    question_line_leave(q);
    question_line_forget(q);
    question_line_join(line, q, asker);
}

static void forget(struct question *q)
{
    TAILQ_REMOVE(bucket_of(q->resolver, q->name, q->type), q, chain);
    question_line_forget(q);
    free(q);
}

void questions_forget_all(struct resolver *r)
{
    struct question *q;
    for (size_t i = 0; i < QUESTION_BUCKETS; i++)
        while ((q = TAILQ_FIRST(&r->buckets[i])))
            forget(q);
}

void question_join(struct question *q, struct lookup *lookup)
{
    if (!q->queued && TAILQ_EMPTY(&q->lookups)) {
        q->in->abandoned--;
        q->in->running++;
    }
    TAILQ_INSERT_TAIL(&q->lookups, lookup, waiting);
}

void question_abandon(struct question *q)
{
    if (q->queued) {
        question_line_leave(q);
        forget(q);
        return;
    }
    q->in->running--;
    q->in->abandoned++;
}

/* ---- libunbound ---- */

static void finish(struct question *q, const struct reply *reply)
{
    struct resolver *r = q->resolver;
    struct lookup *lookup;
    if (TAILQ_EMPTY(&q->lookups))
        q->in->abandoned--;
    else
        q->in->running--;
    if (reply->status == DNS_FAILED)
        r->counts.failed++;
    while ((lookup = TAILQ_FIRST(&q->lookups)))
        lookup_answer(lookup, reply);
    forget(q);
    if (!question_lines_are_empty(&r->lines))
        event_active(r->settle, EV_TIMEOUT, 0);
}

static void note_answer(struct resolver *r)
{
    r->counts.silence = (struct dns_silence){0};
    r->counts.answered_at = clock_ms();
}

static void note_silence(const struct question *q)
{
    dns_silence_note(&q->resolver->counts.silence, q->name, q->inquiry, clock_ms());
}

void question_timed_out(struct question *q)
{
    q->resolver->counts.timed_out++;
    if (!q->queued && clock_ms() - q->started >= SILENCE_MS)
        note_silence(q);
    question_abandon(q);
}

/* libunbound calls back; `length` means something only with rcode 0. */
static void on_answer(void *ctx, int rcode, void *packet, int length, int security, char *why_bogus,
                      int limited)
{
    struct question *q = ctx;
    struct reply reply = {.status = DNS_FAILED};
    (void)why_bogus, (void)limited;
    if (q->resolver->closing)
        return;
    if (!q->resolver->asking && rcode != RCODE_FAILED)
        note_answer(q->resolver);
    else if (!q->resolver->asking && !TAILQ_EMPTY(&q->lookups))
        note_silence(q);
    if (rcode == RCODE_NO_NAME)
        reply.status = DNS_NO_NAME;
    if (rcode == 0 && packet && length > 0 && security != BOGUS)
        reply = (struct reply){DNS_FOUND, {packet, (size_t)length}, security == SECURE};
    finish(q, &reply);
}

static void start(struct question *q)
{
    struct resolver *r = q->resolver;
    question_line_leave(q);
    q->started = clock_ms();
    q->in->running++;
    r->counts.asked++;
    r->asking = true;
    if (ub_resolve_event(r->context, q->name, q->type, CLASS_IN, q, on_answer, NULL) != 0)
        finish(q, &(struct reply){.status = DNS_FAILED});
    r->asking = false;
}

static void start_line(const struct question_line *line)
{
    struct question *q;
    while ((q = question_line_next(line)))
        start(q);
}

void questions_start(struct resolver *r)
{
    start_line(&r->lines.reserved);
    start_line(&r->lines.usual);
}
