/* SPDX-License-Identifier: ISC
 * Watches the blocklists, in one proxy for all:
 * a list that fails its health check is suspended until it passes again;
 * and a list that lists one of our own addresses is told to the administrator. */
#ifndef PROXY_PROCESS_LIST_WATCH_H
#define PROXY_PROCESS_LIST_WATCH_H

#include "common/shared.h"
#include "filters/dns/resolver.h"

enum {
    LIST_WATCH_EVERY = 600000,      /* milliseconds between two health checks */
    LIST_WATCH_ADDRESSES_EVERY = 6, /* checks of our addresses: once in so many */
};

struct list_watch;

/* Checks at once, as soon as the loop runs, and regularly from then on. What is found stands in
 * shared_suspended, for all proxies; what is counted, in `row`. NULL: out of memory. */
struct list_watch *list_watch_new(struct event_base *base, struct resolver *resolver,
                                  const struct config *config, struct shared *shared, unsigned row);
void list_watch_free(struct list_watch **watch);

/* A check, unless one is under way: what the timer does. */
void list_watch_check(struct list_watch *watch);

#endif
