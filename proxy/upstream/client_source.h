/* SPDX-License-Identifier: ISC
 * A stream's socket comes from gatepost-source and bears a client's address: the wait for it. */
#ifndef PROXY_UPSTREAM_CLIENT_SOURCE_H
#define PROXY_UPSTREAM_CLIENT_SOURCE_H

#include "base/stream.h"

#include <sys/socket.h>

/* Asks on the queue for a socket from the address of whoever is at the other end of `connection`, with which
 * `stream` (stream_await) then connects to `peer`: from his own port, or from another one where the kernel
 * still has that connection. Ends with the stream. False: *reason. */
bool client_source_begin(struct event_base *base, int queue, int connection, struct stream *stream,
                         const struct sockaddr_storage *peer, socklen_t peer_len,
                         const char **reason);

#endif
