/* SPDX-License-Identifier: ISC
 * A private Redis that dies as soon as it is started, again and again. What it remembers may be damaged, and is only
 * memory: it is set aside once, under a name with the time, and Redis begins anew. If it dies then too, it
 * was not that, and what it remembered is put back. */
#ifndef PARENT_REDIS_TROUBLE_H
#define PARENT_REDIS_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    TROUBLE_STARTS = 3,   /* in a row that failed */
    TROUBLE_LIFE = 60000, /* milliseconds after which one has not failed */
};

/* All zero: none. */
struct redis_trouble {
    unsigned starts;
    char suffix[40]; /* of what was set aside; empty: nothing */
    bool settled;    /* it was put back, or cannot be set aside: it is not tried again */
};

/* One has ended with this status, `lived` milliseconds after its start. `folder`, named `path`, is its own. True: what was in
 * its way is gone, the next one is to be started at once. */
bool redis_trouble_ended(struct redis_trouble *trouble, int folder, const char *path, int status,
                         int64_t lived);

#endif
