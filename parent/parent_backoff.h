/* SPDX-License-Identifier: ISC
 * When to start again what died: at once the first time, then after 1 s, 2 s, 4 s ... 30 s, until
 * one has lived for a while. */
#ifndef PARENT_PARENT_BACKOFF_H
#define PARENT_PARENT_BACKOFF_H

#include <stdint.h>

enum { BACKOFF_FIRST = 1000, BACKOFF_MOST = 30000, BACKOFF_LIFE = 1000 };

struct backoff {
    int64_t delay; /* of the next start, milliseconds */
};

/* The time of the next start of what served from `served_since`
 * (0: never) until its death at `now`. */
static inline int64_t backoff_after(struct backoff *backoff, int64_t served_since, int64_t now)
{
    if (served_since && now - served_since >= BACKOFF_LIFE)
        backoff->delay = 0;
    int64_t at = now + backoff->delay;
    backoff->delay = backoff->delay ? backoff->delay * 2 : BACKOFF_FIRST;
    if (backoff->delay > BACKOFF_MOST)
        backoff->delay = BACKOFF_MOST;
    return at;
}

#endif
