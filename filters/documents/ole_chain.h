/* SPDX-License-Identifier: ISC
 * Chains of units of equal size ([MS-CFB] 2.2 to 2.4), in which all that a compound file holds is
 * stored: sectors of the file, or small sectors of the stream that its root has. */
#ifndef FILTERS_DOCUMENTS_OLE_CHAIN_H
#define FILTERS_DOCUMENTS_OLE_CHAIN_H

#include "base/arena.h"

enum { OLE_END_OF_CHAIN = 0xfffffffa }; /* from here on: markers, not units */

struct ole_units {
    struct slice space;
    unsigned shift, skipped; /* a unit's size; the header takes the place of a sector */
    const uint32_t *next;    /* of each unit the one that follows */
    size_t count;
};

/* A unit; shorter or empty when the space ends before. */
struct slice ole_unit(const struct ole_units *units, uint32_t n);

/* At most `max` octets of a chain, in `arena`; fewer when it is shorter or the arena is full. No
 * chain is longer than there are units, and what is not there takes no memory. */
struct slice ole_chain_read(struct arena *arena, const struct ole_units *units, uint32_t first,
                            uint64_t max);

/* Puts octets into a chain in `copy`, a copy of the space; what is more than it has room for is left
 * out. */
void ole_chain_put(const struct ole_units *units, uint32_t first, struct slice octets, char *copy);

/* Zeroes so many octets of a chain in `copy`, a copy of the space. */
void ole_chain_blank(const struct ole_units *units, uint32_t first, uint64_t max, char *copy);

#endif
