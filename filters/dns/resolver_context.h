/* SPDX-License-Identifier: ISC
 * libunbound as we want it: all its options stand in resolver_context.c. */
#ifndef FILTERS_DNS_RESOLVER_CONTEXT_H
#define FILTERS_DNS_RESOLVER_CONTEXT_H

#include "policy/config.h"

#include <event2/event.h>
#include <unbound.h>

/* A context whose sockets live in `base`, at most so many at once for what it asks by UDP, final: all
 * files that it needs have been read. The caller ends it with ub_ctx_delete. NULL with *reason
 * (static). */
struct ub_ctx *resolver_context_new(struct event_base *base, const struct config *config,
                                    unsigned sockets, const char **reason);

#endif
