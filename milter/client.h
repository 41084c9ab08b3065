/* SPDX-License-Identifier: ISC
 * Who speaks to the mail server, as libmilter tells it. */
#ifndef MILTER_CLIENT_H
#define MILTER_CLIENT_H

#include "common/milter.h"

#include <sys/socket.h>

/* Where from; what else is known of it stays. Without an address (NULL, a local socket) it is a program of the mail server's own machine: 127.0.0.1. */
void client_set(struct milter_client *client, const struct sockaddr *address);

#endif
