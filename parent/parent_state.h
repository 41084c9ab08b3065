/* SPDX-License-Identifier: ISC
 * What the status and the metrics both tell. */
#ifndef PARENT_PARENT_STATE_H
#define PARENT_PARENT_STATE_H

#include "parent/parent.h"

/* "serving", "starting", "down" or "not needed". */
const char *state_of_scanners(const struct scanners *scanners);

struct server_state {
    bool down;
    int64_t since;            /* down: seconds since 1970 */
    char why[SHARED_WHY_MAX]; /* down */
    uint64_t connections;
};
/* Of SHARED_RESOLVER, SHARED_REDIS, or a server's number. */
struct server_state state_as_seen(const struct parent *parent, unsigned number);
struct server_state state_of_server(const struct parent *parent, const struct server *server);

/* Whether the proxies leave the list of that number alone. */
bool list_is_suspended(const struct parent *parent, size_t number);

/* Seconds since 1970; 0: it cannot be read. */
int64_t certificate_end(const struct generation *generation, const struct certificate *certificate);

/* When the newest of the signatures was written, seconds since 1970; 0: there are none. False: nothing
 * needs them. */
bool signatures_written(const struct parent *parent, const struct config *config, int64_t *when);

#endif
