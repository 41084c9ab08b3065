/* SPDX-License-Identifier: ISC
 * The cells of a section while they are collected, in any order and as often as they come. */
#ifndef FILTERS_SPAM_SPAM_CELLS_H
#define FILTERS_SPAM_SPAM_CELLS_H

#include "filters/spam/spam_vector.h"

struct spam_cells {
    size_t count;
    uint32_t cells[SPAM_SECTION_MAX];
    uint32_t spare[SPAM_SECTION_MAX]; /* for sorting */
};

/* In order, each once. */
void spam_cells_sort(struct spam_cells *set);

/* What has no room is left out. */
static inline void spam_cells_add(struct spam_cells *set, uint32_t cell)
{
    if (set->count == SPAM_SECTION_MAX)
        spam_cells_sort(set);
    if (set->count < SPAM_SECTION_MAX)
        set->cells[set->count++] = cell;
}

#endif
