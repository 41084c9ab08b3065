/* SPDX-License-Identifier: ISC */
#include "common/redis_breaker.h"

enum { COMPLAINT_EVERY = 60000 };

static void open_breaker(struct breaker *b, bool by_errors, int64_t now)
{
    b->by_errors = by_errors || (b->state != BREAKER_CLOSED && b->by_errors);
    b->state = BREAKER_OPEN;
    b->strikes = 0;
    b->retry_at = now + b->retry_ms;
}

static void strike(struct breaker *b, bool by_errors, int64_t now)
{
    if (b->state == BREAKER_OPEN) /* what was under way when it opened */
        return;
    b->strikes++;
    if (b->state != BREAKER_CLOSED || b->strikes >= BREAKER_STRIKES)
        open_breaker(b, by_errors, now);
}

bool breaker_admits(const struct breaker *b)
{
    return b->state == BREAKER_CLOSED || b->state == BREAKER_ONE;
}

void breaker_sent(struct breaker *b)
{
    if (b->state == BREAKER_ONE)
        b->state = BREAKER_TRYING;
}

void breaker_succeeded(struct breaker *b)
{
    b->strikes = 0;
    if (b->state == BREAKER_TRYING)
        b->state = BREAKER_CLOSED;
}

void breaker_answered_error(struct breaker *b, int64_t now)
{
    strike(b, true, now);
}

void breaker_lost(struct breaker *b, int64_t now)
{
    strike(b, false, now);
}

void breaker_away(struct breaker *b, int64_t now)
{
    open_breaker(b, false, now);
}

bool breaker_due(const struct breaker *b, int64_t now)
{
    return b->state == BREAKER_OPEN && b->retry_at <= now;
}

void breaker_reached(struct breaker *b)
{
    if (b->state == BREAKER_OPEN)
        b->state = b->by_errors ? BREAKER_ONE : BREAKER_CLOSED;
}

bool complaint_due(struct complaint *complaint, int64_t now, uint64_t *count)
{
    complaint->count++;
    if (now < complaint->next)
        return false;
    *count = complaint->count;
    complaint->count = 0;
    complaint->next = now + COMPLAINT_EVERY;
    return true;
}
