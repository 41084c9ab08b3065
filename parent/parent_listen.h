/* SPDX-License-Identifier: ISC
 * The listening sockets: one for each address (of "::" that takes IPv4, 0.0.0.0 is another) and slot (SO_REUSEPORT), kept for as long as any
 * configuration names the address, so that what waits in its queue outlives every proxy. Nobody
 * here ever accepts. */
#ifndef PARENT_PARENT_LISTEN_H
#define PARENT_PARENT_LISTEN_H

#include "policy/config.h"

#include <sys/socket.h>

struct listen_socket {
    struct ip ip;
    uint16_t port;
    unsigned slot;
    int fd;
    bool deposited; /* systemd has a copy (parent_deposit.h) */
};

enum { ENDING_MOST = 64 };

/* Given up, and maybe still held by a proxy that drains (listening_end.h). */
struct ending_address {
    struct ip ip;
    uint16_t port;
    int64_t until; /* clock_ms */
};

struct sockets {
    struct listen_socket *all; /* owned */
    size_t count;
    struct ending_address ending[ENDING_MOST]; /* the last ones */
    size_t ended;                              /* how many of them there have been */
};

/* As system calls want it; its size. */
socklen_t sockets_address(const struct ip *ip, uint16_t port, struct sockaddr_storage *out);

bool sockets_same_address(const struct listen_socket *socket, const struct ip *ip, uint16_t port);

/* Takes over its descriptor. False: no memory, and nothing is taken. */
bool sockets_add(struct sockets *sockets, const struct listen_socket *socket);

/* A bound socket, or -1 with errno.
 * Without `shared` it fails when anybody else, even one of us, listens there. */
int sockets_bind(const struct ip *ip, uint16_t port, bool shared);

/* Binds and listens on what is missing for `slots` slots. False: one could not be had, report says
 * which and why, and nothing is changed. */
bool sockets_open(struct sockets *sockets, const struct config *config, unsigned slots,
                  struct buf *report);

/* Closes those whose address this configuration does not name (no new client is let in there: listening_end.h), and
 * systemd's copies of them; NULL: all, and no copies. */
void sockets_prune(struct sockets *sockets, const struct config *config);

/* The sockets of a listener that slot `slot` of `slots` serves, one a call:
 * *at is 0 before the first. -1: no more.
 * There are several when there were more slots once, whose queues must not be lost, and where a
 * listener takes IPv4 and IPv6. */
int sockets_next(const struct sockets *sockets, const struct listener *listener, unsigned slot,
                 unsigned slots, size_t *at);

#endif
