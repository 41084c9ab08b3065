/* SPDX-License-Identifier: ISC
 * Two connections whose octets are passed on as they are, both ways, unlooked at: TLS that others
 * end. Each way holds no more than one read of octets: what one side does not take is not read from
 * the other. A side that says its last (a half-close) is passed on as well. */
#ifndef PROXY_SESSION_PASSAGE_H
#define PROXY_SESSION_PASSAGE_H

#include "base/stream.h"

struct passage;

/* Who is told, never from inside a function of this header. He may free it from either. */
struct passage_owner {
    void (*moved)(void *owner); /* octets have gone on */
    /* It has come to its end: both sides have said their last, or *why (static or the stream's). */
    void (*over)(void *owner, const char *why);
};

enum passage_way { PASSAGE_FROM_CLIENT, PASSAGE_FROM_SERVER, PASSAGE_WAYS };

/* Begins with what has been read of either and not been taken. `client` stays the caller's, and
 * outlives it; `server` is taken over in any case. Both are plain. `silence`: ms after which it is
 * over when nothing moves. NULL: out of memory. */
struct passage *passage_new(struct stream *client, struct stream *server, int64_t silence,
                            const struct passage_owner *hears, void *owner);
/* Closes the server's connection; the client's has no owner until it is given one, or freed. */
void passage_free(struct passage **passage);

/* Another silence from now on. */
void passage_hurry(struct passage *passage, int64_t silence);

/* Octets that were passed on. */
uint64_t passage_octets(const struct passage *passage, enum passage_way way);

#endif
