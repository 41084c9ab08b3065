/* SPDX-License-Identifier: ISC
 * Listening sockets outlive us: while they are in use systemd keeps a copy of each (sd_notify(3), FDSTORE), and gives them to who is
 * started in our place. What connects meanwhile waits in their queues, and is served. */
#ifndef PARENT_PARENT_DEPOSIT_H
#define PARENT_PARENT_DEPOSIT_H

#include "parent/parent_listen.h"

/* Gives systemd what it has not yet; what it has no room for now, the next time. */
void deposit_sockets(struct sockets *sockets);

/* Takes back, before the first sockets_open, what systemd has of the one before us (LISTEN_FDS); nothing without it. What is no
 * listening socket of ours is closed. False: no memory. */
bool deposit_take(struct sockets *sockets);

/* Systemd is to close its copy too. */
void deposit_forget(const struct listen_socket *socket);

#endif
