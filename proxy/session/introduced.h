/* SPDX-License-Identifier: ISC
 * Connections of load balancers, until they have said whose each is (proxy_header.h): then its session begins
 * with the client's own address. Nothing else of such a connection is read before. */
#ifndef PROXY_SESSION_INTRODUCED_H
#define PROXY_SESSION_INTRODUCED_H

#include "proxy/process/proxy.h"
#include "proxy/session/protocol.h"

/* Those of one listener that have not said it yet. */
struct introductions;

/* NULL: out of memory. */
struct introductions *introductions_new(struct proxy *proxy, const struct mail_protocol *protocol,
                                        const struct listener *listener);
/* Closes what waits: clients come again, and to others. */
void introductions_free(struct introductions **introductions);

/* A connection from the balancer at this address; `fd` is taken over. Who does not say whose it is within
 * timeouts.handshake, or says nonsense, is hung up on. */
void introductions_await(struct introductions *introductions, int fd, const struct ip *balancer,
                         uint16_t port);

#endif
