/* SPDX-License-Identifier: ISC
 * Accepting connections on a socket that the parent has bound. */
#ifndef PROXY_SESSION_LISTENER_H
#define PROXY_SESSION_LISTENER_H

#include "proxy/process/proxy.h"
#include "proxy/session/protocol.h"

struct acceptor;

/* Takes over a listening, non-blocking socket; who connects there speaks `protocol`. NULL: no
 * memory (the socket is closed). */
struct acceptor *acceptor_new(struct proxy *proxy, const struct mail_protocol *protocol,
                              const struct listener *listener, int fd);

/* Accepts no more, but from a socket that is given up: those that are on their way there still come
 * (listening_end.h). Connections that wait to be introduced still become sessions. */
void acceptor_drain(struct acceptor *acceptor);

/* Accepts no more; what is queued in the socket stays for whoever else holds it. */
void acceptor_free(struct acceptor **acceptor);

#endif
