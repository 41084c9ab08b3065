/* SPDX-License-Identifier: ISC
 * The circuit breaker of one server. Closed: everything goes through. Open, after the server could
 * not be reached or after some failures in a row: nothing does, until `retry_ms` later it is tried.
 * When it was reachable but answered with errors, a single call must first succeed. */
#ifndef COMMON_REDIS_BREAKER_H
#define COMMON_REDIS_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum { BREAKER_STRIKES = 5 };

enum breaker_state {
    BREAKER_CLOSED,
    BREAKER_OPEN,
    BREAKER_ONE,    /* one call is let through */
    BREAKER_TRYING, /* it is under way */
};

struct breaker {
    int64_t retry_ms;
    enum breaker_state state;
    unsigned strikes; /* failures in a row */
    bool by_errors;   /* it was opened by answers, not by their absence */
    int64_t retry_at; /* while open */
};

bool breaker_admits(const struct breaker *breaker);
void breaker_sent(struct breaker *breaker); /* a call that was admitted */

/* What became of calls, and of the connection. */
void breaker_succeeded(struct breaker *breaker);
void breaker_answered_error(struct breaker *breaker, int64_t now);
void breaker_lost(struct breaker *breaker, int64_t now); /* the connection, with calls under way */
void breaker_away(struct breaker *breaker, int64_t now); /* no connection, or no answer in time */
bool breaker_due(const struct breaker *breaker, int64_t now); /* open, and time to try */
void breaker_reached(struct breaker *breaker);                /* tried: it answers */

/* Lines about something that may go on for long: one a minute at most, with how
 * often it happened. */
struct complaint {
    int64_t next;
    uint64_t count; /* since the last line */
};
/* True: say it now. *count is how often it has happened since it was said. */
bool complaint_due(struct complaint *complaint, int64_t now, uint64_t *count);

#endif
