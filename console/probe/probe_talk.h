/* SPDX-License-Identifier: ISC
 * What is said and heard once a connection has been made: lines, and octets between them. Where a
 * function gives false, connection_trouble() says why. */
#ifndef CONSOLE_PROBE_PROBE_TALK_H
#define CONSOLE_PROBE_PROBE_TALK_H

#include "console/probe/probe_connection.h"

/* Says this line (without its end); its answer is waited for from now on. */
bool talk_say(struct connection *c, struct slice line);

/* The next line, with its end; valid until the next call. */
bool talk_line(struct connection *c, struct slice *line);

/* Appends so many octets to c->body. */
bool talk_octets(struct connection *c, uint64_t count);

/* More comes than c->body has room for: always false. */
bool talk_too_large(struct connection *c);

/* It refused: always false. */
bool talk_refused(struct connection *c);

/* Ends the session. */
void talk_farewell(struct connection *c);

#endif
