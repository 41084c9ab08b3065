/* SPDX-License-Identifier: ISC
 * The proxy's part in what keepers share (common/sharing.h): asks Redis what a keeper asks, one question at
 * a time, and so leaves the next to a proxy that is free. */
#ifndef PROXY_STATE_STATE_SHARING_H
#define PROXY_STATE_STATE_SHARING_H

#include "policy/config.h"
#include "proxy/state/redis.h"

struct state_sharing;

/* `sock`: the proxies' end, taken over also when it fails. `redis` and `settings` must outlive it. NULL: out
 * of memory. */
struct state_sharing *state_sharing_new(struct event_base *base, struct redis *redis,
                                        const struct settings *settings, int sock);

/* The pair is another; what is under way is answered there, and nobody hears it. */
void state_sharing_move(struct state_sharing *sharing, int sock);

/* Takes no more questions. */
void state_sharing_drain(struct state_sharing *sharing);

#endif
