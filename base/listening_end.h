/* SPDX-License-Identifier: ISC
 * How a listening socket is given up without resetting anybody: what waits in its queue, or is half in, is gone when
 * the last descriptor of it is closed. So first no new client is let in, who tries again a second later and meets
 * whoever listens there then, or nobody; and those that are on their way are accepted meanwhile. */
#ifndef BASE_LISTENING_END_H
#define BASE_LISTENING_END_H

#include <stdbool.h>

/* For how long such a socket is still accepted from: a handshake's way there and back. */
enum { LISTENING_END_MS = 1000 };

/* From now on a SYN to this TCP socket is dropped, whoever holds the socket. */
void listening_end_begin(int fd);

/* One that somebody has kept nevertheless is listened on again. */
void listening_end_undo(int fd);

/* Whether somebody has said so of it. */
bool listening_is_ending(int fd);

#endif
