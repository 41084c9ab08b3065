/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_cells.h"

enum { DIGIT_BITS = SPAM_CELL_BITS / 2, DIGITS = 1 << DIGIT_BITS };

static uint32_t digit_of(uint32_t cell, unsigned shift)
{
    return cell >> shift & (DIGITS - 1);
}

/* By one digit; those with the same keep their order. */
static void sort_by(unsigned shift, const uint32_t *from, uint32_t *to, size_t count)
{
    uint32_t places[DIGITS + 1] = {0};
    for (size_t i = 0; i < count; i++)
        places[digit_of(from[i], shift) + 1]++;
    for (size_t i = 1; i < DIGITS; i++)
        places[i] += places[i - 1];
    for (size_t i = 0; i < count; i++)
        to[places[digit_of(from[i], shift)]++] = from[i];
}

void spam_cells_sort(struct spam_cells *set)
{
    size_t kept = 0;
    sort_by(0, set->cells, set->spare, set->count);
    sort_by(DIGIT_BITS, set->spare, set->cells, set->count);
    for (size_t i = 0; i < set->count; i++)
        if (kept == 0 || set->cells[i] != set->cells[kept - 1])
            set->cells[kept++] = set->cells[i];
    set->count = kept;
}
