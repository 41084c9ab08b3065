/* SPDX-License-Identifier: ISC
 * The ends of connections. */
#ifndef PROXY_UPSTREAM_SOCKET_END_H
#define PROXY_UPSTREAM_SOCKET_END_H

#include "policy/value.h"

#include <sys/socket.h>

/* The address and port of a socket of IPv4 or IPv6; IPv4 among IPv6 (RFC 4291 2.5.5.2) is IPv4. */
void socket_end(const struct sockaddr_storage *end, struct ip *ip, uint16_t *port);

/* Of our own end of a connection. False: it has none, and nothing is changed. */
bool socket_own_end(int fd, struct ip *ip, uint16_t *port);

#endif
