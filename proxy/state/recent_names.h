/* SPDX-License-Identifier: ISC
 * Names of which Redis said something a moment ago that need not be asked for again at once: of which
 * there is nothing, or enough. Whoever puts one here knows what it says. Of one process; the newest
 * stay. */
#ifndef PROXY_STATE_RECENT_NAMES_H
#define PROXY_STATE_RECENT_NAMES_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum { RECENT_NAMES = 2048 };

struct recent_names {
    uint64_t secret[2]; /* random, so that nobody can choose two names for one place */
    struct recent_name {
        uint64_t hash;
        int64_t until;
        bool counted;
    } all[RECENT_NAMES];
};

/* False: there is no randomness. */
bool recent_names_init(struct recent_names *names);

/* It holds until `now` + `ms`, and no longer if it is here already. `now`: clock_ms, here and below. */
void recent_names_put(struct recent_names *names, struct slice key, int64_t now, int64_t ms);
bool recent_names_has(const struct recent_names *names, struct slice key, int64_t now);
void recent_names_forget(struct recent_names *names, struct slice key);

/* False, once it is here and was counted since: one more makes no difference. */
bool recent_names_count(struct recent_names *names, struct slice key, int64_t now);

#endif
