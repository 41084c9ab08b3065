/* SPDX-License-Identifier: ISC
 * Tables that keep what their files had when these lost most of it. */
#ifndef PARENT_PARENT_TABLES_H
#define PARENT_PARENT_TABLES_H

#include "common/bundle.h"

struct kept_table {
    char *name, *path;  /* owned */
    size_t before, now; /* entries: that it keeps, that its file has */
};

struct kept_tables {
    struct kept_table *rows; /* owned */
    size_t count;
};

void kept_tables_free(struct kept_tables *kept);

/* False: out of memory, *copy is empty. */
bool kept_tables_copy(const struct kept_tables *kept, struct kept_tables *copy);

/* Names of tables, packed as slices. */
bool accepts_table(struct slice accepted, struct slice name);

/* Keeps the tables that are in no `accepted`, as the bundle that `bundle` follows has them. */
struct table_keeper {
    struct bundle *bundle;
    struct slice accepted;
    struct kept_tables *kept; /* filled */
    struct kept_tables taken; /* as their files have them, accepted: kept_tables_free */
};
struct table_guard table_guard_of(struct table_keeper *keeper);

#endif
