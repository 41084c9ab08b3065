/* SPDX-License-Identifier: ISC
 * What gatepost-milter hands over in place of connections (common/milter.h). */
#ifndef PROXY_SESSION_LISTENER_ASKED_H
#define PROXY_SESSION_LISTENER_ASKED_H

#include "common/milter.h"

/* The next client on that queue, and a stream, the caller's and non-blocking, to speak with the mail server about
 * it. 1: there is one; 0: none now; -1: the queue is closed, or what came is nothing. */
int listener_asked(int queue, struct milter_client *client, int *stream);

#endif
