/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_cells.h"

size_t spam_cells_take(struct spam_cells *set, uint32_t cells[static SPAM_SECTION_MAX])
{
    size_t count = 0;
    for (uint32_t i = 0; count < set->count; i++) {
        for (uint64_t bits = set->bits[i]; bits; bits &= bits - 1)
            cells[count++] = i * 64 + (uint32_t)__builtin_ctzll(bits);
        set->bits[i] = 0;
    }
    set->count = 0;
    return count;
}
