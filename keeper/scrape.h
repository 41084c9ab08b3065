/* SPDX-License-Identifier: ISC
 * Those who read metrics over HTTP, as Prometheus does: on a Unix socket, if they have a role, and on
 * ports of loopback. Nobody waits for them; few at once, for some seconds. */
#ifndef KEEPER_SCRAPE_H
#define KEEPER_SCRAPE_H

#include "base/slice.h"
#include "keeper/role.h"

#include <event2/event.h>

struct scrapes;

/* `ask` is called when somebody wants metrics; scrapes_answer is awaited then. NULL: out of memory. */
struct scrapes *scrapes_new(struct event_base *base, const struct role_groups *groups,
                            void (*ask)(void *ctx), void *ctx);
void scrapes_free(struct scrapes **scrapes);

/* One more socket (taken over). False: there is no room for it. */
bool scrapes_listen(struct scrapes *scrapes, int listening);

/* To all who wait. */
void scrapes_answer(struct scrapes *scrapes, struct slice text);

#endif
