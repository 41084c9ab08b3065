/* SPDX-License-Identifier: ISC */
#include "filters/dns/lookup.h"

#include "base/clock.h"
#include "filters/dns/dns_wire.h"
#include "filters/dns/resolver_internal.h"

#include <stdlib.h>

void lookup_drop(struct lookup *lookup)
{
    struct inquiry *inquiry = lookup->inquiry;
    *lookup->place = lookup->next;
    if (lookup->next)
        lookup->next->place = lookup->place;
    free(lookup);
    if (--inquiry->pending == 0)
        inquiry->ms += clock_ms() - inquiry->began;
}

struct lookup *lookup_new(struct inquiry *inquiry, const struct dns_wanted *wanted)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup)
        return NULL;
    lookup->inquiry = inquiry;
    lookup->name = wanted->name;
    lookup->type = wanted->type;
    lookup->next = inquiry->lookups;
    lookup->place = &inquiry->lookups;
    if (lookup->next)
        lookup->next->place = &lookup->next;
    inquiry->lookups = lookup;
    if (inquiry->pending++ == 0)
        inquiry->began = clock_ms();
    return lookup;
}

void lookup_answer(struct lookup *lookup, const struct reply *reply)
{
    struct inquiry *inquiry = lookup->inquiry;
    struct resolver *r = inquiry->resolver;
    struct dns_answer got = {.status = reply->status};
    if (reply->status == DNS_FOUND)
        dns_wire_read(reply->packet, lookup->type, inquiry->arena, &got);
    got.authenticated = reply->authenticated;
    dns_answers_add(inquiry->answers, lookup->name, lookup->type, &got);
    TAILQ_REMOVE(&lookup->question->lookups, lookup, waiting);
    TAILQ_REMOVE(&r->deadlines, lookup, deadlines);
    lookup->question = NULL;
    TAILQ_INSERT_TAIL(&r->answered, lookup, waiting);
    event_active(r->settle, EV_TIMEOUT, 0);
}

void lookup_leave(struct lookup *lookup)
{
    struct resolver *r = lookup->inquiry->resolver;
    struct question *q = lookup->question;
    if (q) {
        TAILQ_REMOVE(&q->lookups, lookup, waiting);
        TAILQ_REMOVE(&r->deadlines, lookup, deadlines);
        if (TAILQ_EMPTY(&q->lookups))
            question_abandon(q);
    } else {
        TAILQ_REMOVE(&r->answered, lookup, waiting);
    }
    lookup_drop(lookup);
}

/* ---- time ---- */

static void set_timer(struct resolver *r)
{
    const struct lookup *first = TAILQ_FIRST(&r->deadlines);
    if (!first || evtimer_pending(r->timer, NULL))
        return;
    int64_t left = first->deadline - clock_ms();
    left = left < 1 ? 1 : left;
    struct timeval delay = {left / 1000, left % 1000 * 1000};
    evtimer_add(r->timer, &delay);
}

/* Whether our own limits kept the question in line for most of the lookup's time: that is no silence
 * of others. */
static bool stood_in_line(const struct lookup *lookup)
{
    const struct question *q = lookup->question;
    return q->queued || q->started > lookup->deadline - q->resolver->timeout / 2;
}

void lookup_time_out(struct lookup *lookup)
{
    struct question *q = lookup->question;
    lookup_answer(lookup,
                  &(struct reply){.status = stood_in_line(lookup) ? DNS_UNASKED : DNS_TIMED_OUT});
    if (!TAILQ_EMPTY(&q->lookups))
        return;
    question_timed_out(q);
}

void lookups_on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct resolver *r = ctx;
    struct lookup *first;
    int64_t now = clock_ms();
    (void)fd, (void)what;
    while ((first = TAILQ_FIRST(&r->deadlines)) && first->deadline <= now)
        lookup_time_out(first);
    set_timer(r);
}

/* ---- questions ---- */

static struct question *question_for(const struct lookup *lookup, const char *name, bool reserved)
{
    struct resolver *r = lookup->inquiry->resolver;
    const struct asker *asker = &lookup->inquiry->asker;
    struct question *q = question_find(r, name, lookup->type);
    if (!q)
        return question_new(r, name, lookup->type, asker, lookup->inquiry->number, reserved);
    if (reserved)
        question_promote(q, asker);
    return q;
}

bool lookup_join(struct lookup *lookup, const char *name, bool reserved)
{
    struct inquiry *inquiry = lookup->inquiry;
    struct resolver *r = inquiry->resolver;
    struct question *q = question_for(lookup, name, reserved);
    if (!q) {
        inquiry->withheld |= resolver_is_busy_for(r, &inquiry->asker);
        return false;
    }
    question_join(q, lookup);
    lookup->question = q;
    lookup->deadline = clock_ms() + r->timeout;
    TAILQ_INSERT_TAIL(&r->deadlines, lookup, deadlines);
    set_timer(r);
    return true;
}
