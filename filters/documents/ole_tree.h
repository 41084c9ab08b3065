/* SPDX-License-Identifier: ISC
 * Which entry of a compound file lies in which storage ([MS-CFB] 2.6.4). The entries of a storage
 * are a binary tree; its order is not believed, and each entry is taken once, whatever leads to it.
 * What no path from the root leads to is there as well: it lies in no storage. */
#ifndef FILTERS_DOCUMENTS_OLE_TREE_H
#define FILTERS_DOCUMENTS_OLE_TREE_H

#include "filters/documents/ole.h"

#define OLE_NOWHERE UINT32_MAX

struct ole_tree {
    /* Of each entry, by its index in ole->entries: the storage that it lies in, the first entry in
     * it, the next in the same storage. OLE_NOWHERE: none. */
    uint32_t *parent, *first, *next;
    uint32_t root;
    bool broken; /* below the root: a link leads nowhere, or to what was taken already */
};

/* Time and memory are linear in the entries. False when the arena is full. */
bool ole_tree(struct arena *arena, const struct ole *ole, struct ole_tree *out);

#endif
