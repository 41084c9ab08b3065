/* SPDX-License-Identifier: ISC
 * Commands of IMAP, one at a time, on a connection that has been made. Where a function gives false,
 * connection_trouble() says why. */
#ifndef CONSOLE_PROBE_IMAP_TALK_H
#define CONSOLE_PROBE_IMAP_TALK_H

#include "console/probe/probe_talk.h"

#define IMAP_TAG "gp "

/* Is given each line of responses, without its end; what stands in literals goes to c->body. */
typedef void imap_taker(void *ctx, struct slice line);

/* What a server says at any time: its capabilities, a status. */
void imap_hear(struct connection *c, struct slice line);

/* Says `text` (at most 500 octets), and hears all that is said to it; `take` may be NULL. */
bool imap_demand(struct connection *c, const char *text, imap_taker *take, void *ctx);

/* Says `before`, which ends in the announcement of the literal `next`; that is then asked for. */
bool imap_announce(struct connection *c, const char *before, const char *next);

/* Says the last literal of a command, and hears as imap_demand does. */
bool imap_finish(struct connection *c, const char *literal, imap_taker *take, void *ctx);

/* Opens a mailbox without a change to it; *count: its messages. */
bool imap_examine(struct connection *c, const char *mailbox, uint64_t *count);

/* A message into c->body, which is not marked as read; from 1. */
bool imap_fetch_whole(struct connection *c, unsigned number);

/* Of a response to FETCH: the message's number, and its RFC822.SIZE. False: it has none. */
bool imap_size_of_line(struct slice line, uint64_t *number, uint64_t *octets);

#endif
