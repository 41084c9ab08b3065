/* SPDX-License-Identifier: ISC
 * A socket that bears the address of a client. */
#ifndef TRANSPARENT_CLIENT_SOCKET_H
#define TRANSPARENT_CLIENT_SOCKET_H

#include <stdbool.h>

/* A TCP socket, non-blocking and bound, from the address of whoever is at the other end of `connection`: from
 * his own port, or, where that will not do (`any_port`), from another one. Only of a connection that somebody
 * else has made, to a listener that is transparent (IP_TRANSPARENT, TCP_SAVE_SYN): one that was made from here
 * would let its maker choose addresses. It is the caller's. -1: *reason says why. */
int client_socket(int connection, bool any_port, const char **reason);

#endif
