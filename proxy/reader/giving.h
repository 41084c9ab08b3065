/* SPDX-License-Identifier: ISC
 * Something large that is on its way to the client, from where it lies. A client that takes nothing of it for
 * `timeouts { data }` is given up. */
#ifndef PROXY_READER_GIVING_H
#define PROXY_READER_GIVING_H

#include "base/slice.h"

#include <sys/uio.h>

struct reader;

struct giving {
    struct iovec *pieces;
    size_t count, given;
};

/* How many pieces octets are cut into. */
size_t giving_pieces(size_t octets);
/* They, behind those that there are; room is the caller's to see to. */
void giving_add(struct giving *giving, const char *octets, size_t len);

/* Begins, and goes on each time that the stream has been drained. The pieces and what they lie in must stay until
 * giving_is_over. */
void giving_go_on(struct giving *giving, struct reader *r);
static inline bool giving_is_over(const struct giving *giving)
{
    return giving->given == giving->count;
}

#endif
