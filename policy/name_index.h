/* SPDX-License-Identifier: ISC
 * Finds by name what is numbered: rules, tables, conditions. Case counts. */
#ifndef POLICY_NAME_INDEX_H
#define POLICY_NAME_INDEX_H

#include "policy/source.h"

struct name_slot {
    struct slice name; /* ptr NULL: empty */
    size_t number;
};

/* Zeroed: it has none. */
struct name_index {
    struct name_slot *slots; /* in the sources' arena */
    size_t size, count;      /* size: a power of two */
};

/* A name that it has keeps its number. The name must live as long. False: memory. */
bool name_index_add(struct sources *sources, struct name_index *index, struct slice name,
                    size_t number);

/* False: it has no such name, and *number stays. */
bool name_index_find(const struct name_index *index, struct slice name, size_t *number);

#endif
