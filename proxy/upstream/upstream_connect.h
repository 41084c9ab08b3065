/* SPDX-License-Identifier: ISC
 * A connection to a server behind, whatever is going to be spoken on it. */
#ifndef PROXY_UPSTREAM_UPSTREAM_CONNECT_H
#define PROXY_UPSTREAM_UPSTREAM_CONNECT_H

#include "base/stream.h"
#include "proxy/upstream/upstream_way.h"

/* Whether an address is one of this machine's. */
bool upstream_is_here(const struct ip *ip);

/* Begins to connect; STREAM_CONNECTED or STREAM_FAILED follows. The client's connection must outlive
 * that. NULL: *reason (static text or strerror) says why. */
struct stream *upstream_connect(struct event_base *base, const struct upstream_way *way,
                                size_t input_max, size_t output_max,
                                const struct stream_owner *callbacks, void *owner,
                                const char **reason);

#endif
