/* SPDX-License-Identifier: ISC
 * A set of cells while it is collected. */
#ifndef FILTERS_SPAM_SPAM_CELLS_H
#define FILTERS_SPAM_SPAM_CELLS_H

#include "filters/spam/spam_vector.h"

struct spam_cells {
    uint64_t bits[SPAM_CELLS / 64];
    size_t count;
};

/* False: it is there already, or the set is as large as a section may be. */
static inline bool spam_cells_add(struct spam_cells *set, uint32_t cell)
{
    uint64_t *bits = &set->bits[cell / 64], bit = (uint64_t)1 << cell % 64;
    if (*bits & bit || set->count == SPAM_SECTION_MAX)
        return false;
    *bits |= bit;
    set->count++;
    return true;
}

/* All of it, in order; the set is empty afterwards. */
size_t spam_cells_take(struct spam_cells *set, uint32_t cells[static SPAM_SECTION_MAX]);

#endif
