/* SPDX-License-Identifier: ISC
 * Messages that only those may read whom a server of rights lets (message.rpmsg: [MS-OXORMMS] 3.1.4.1):
 * a compound file, compressed in blocks, whose stream with the message is encrypted. */
#ifndef FILTERS_CONTAINERS_RPMSG_H
#define FILTERS_CONTAINERS_RPMSG_H

#include "base/slice.h"

/* So many octets tell rpmsg_open() what it begins as. */
enum { RPMSG_BEGINNING = 8 };

/* The stream that is encrypted. */
#define RPMSG_ENCRYPTED SLICE("\tDRMContent")

struct rpmsg {
    struct slice rest; /* octets that no block has been cut off from */
};

/* Does it begin as one does? Then *out is for rpmsg_next(). */
bool rpmsg_open(struct slice content, struct rpmsg *out);

/* Cuts off the next block, a zlib stream (RFC 1950). False when there is none: what is left then
 * belongs to none. */
bool rpmsg_next(struct rpmsg *rpmsg, struct slice *zlib);

#endif
