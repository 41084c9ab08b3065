/* SPDX-License-Identifier: ISC
 * Where entries stand in a table's text, in hash tables of four octets each: where one begins (28 bits)
 * and, above it, a mark made of its hash (1 to 15), so that mostly no text is looked at but that of the
 * entry itself. 0: none. */
#ifndef POLICY_TABLE_PLACE_H
#define POLICY_TABLE_PLACE_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum { PLACE_BITS = 28 };

/* What places are in; `pairs`: its lines are KEY -> VALUE, and keys are the entries. */
struct table_text {
    struct slice octets;
    bool pairs;
};

/* The entry of this place, without what it is surrounded by. Nothing outside of the text is looked at,
 * whatever the place is. */
struct slice place_entry(const struct table_text *text, uint32_t place);

/* Where a hash has its first slot, and the mark that its place has. */
struct place_spot {
    size_t slot;
    uint32_t mark;
};
struct place_spot place_spot(size_t size, uint64_t hash);

static inline bool place_is_marked(uint32_t place, uint32_t mark)
{
    return place >> PLACE_BITS == mark >> PLACE_BITS;
}

/* Where prefix + ending is among the places, or would be; no letter of ASCII has a case. `size`: none
 * of them is free, and it is not there. */
size_t place_find(const struct table_text *text, const uint32_t *places, size_t size, uint64_t hash,
                  struct slice prefix, struct slice ending);

#endif
