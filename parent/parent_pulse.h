/* SPDX-License-Identifier: ISC
 * Proxies whose loop stands still. Nobody who is connected to one is answered, and whoever waits at its socket is not
 * greeted, so it is killed, and replaced as any that dies. A minute is looks, not the clock's: a machine that slept,
 * or a parent that did, is no reason. */
#ifndef PARENT_PARENT_PULSE_H
#define PARENT_PARENT_PULSE_H

#include "common/shared.h"

#include <sys/types.h>

enum { PULSE_LOOK_EVERY = 5000 /* milliseconds */, PULSE_LOOKS = 12 };

struct pulse {
    uint64_t seen;
    unsigned still; /* looks since it was another */
    int64_t look_at;
};

/* To be asked whenever something is due. Whether the process of that row stands still: it has not turned for so many
 * looks, though it did before, and nobody is debugging it. */
bool pulse_is_gone(struct pulse *pulse, const struct shared *shared, unsigned row, pid_t pid,
                   int64_t now);

#endif
