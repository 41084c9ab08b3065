/* SPDX-License-Identifier: ISC */
#include "parent/parent_tables.h"

#include <stdlib.h>
#include <string.h>

static void row_free(struct kept_table *row)
{
    free(row->name);
    free(row->path);
}

void kept_tables_free(struct kept_tables *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        row_free(&kept->rows[i]);
    free(kept->rows);
    *kept = (struct kept_tables){0};
}

static bool push(struct kept_tables *kept, const struct shrunk_table *table)
{
    struct kept_table *rows = realloc(kept->rows, (kept->count + 1) * sizeof *rows);
    if (!rows)
        return false;
    kept->rows = rows;
    struct kept_table *row = &rows[kept->count];
    *row = (struct kept_table){.name = strndup(table->name.ptr, table->name.len),
                               .path = strndup(table->path.ptr, table->path.len),
                               .before = table->before,
                               .now = table->now};
    bool ok = row->name && row->path;
    if (ok)
        kept->count++;
    else
        row_free(row);
    return ok;
}

bool kept_tables_copy(const struct kept_tables *kept, struct kept_tables *copy)
{
    *copy = (struct kept_tables){0};
    for (size_t i = 0; i < kept->count; i++) {
        const struct kept_table *row = &kept->rows[i];
        if (!push(copy, &(struct shrunk_table){slice_of(row->name), slice_of(row->path),
                                               row->before, row->now})) {
            kept_tables_free(copy);
            return false;
        }
    }
    return true;
}

bool accepts_table(struct slice accepted, struct slice name)
{
    struct unpack in = {.left = accepted};
    while (!in.bad && in.left.len > 0)
        if (slice_eq(unpack_slice(&in), name))
            return true;
    return false;
}

static bool former(void *ctx, struct slice path, struct slice *content)
{
    const struct table_keeper *keeper = ctx;
    return bundle_former(keeper->bundle, path, content);
}

static bool has_file(const struct kept_tables *tables, struct slice path)
{
    for (size_t i = 0; i < tables->count; i++)
        if (slice_eq(slice_of(tables->rows[i].path), path))
            return true;
    return false;
}

/* Tables of one file have the same in it: who accepts one has accepted all. */
static bool keeps(void *ctx, const struct shrunk_table *table)
{
    struct table_keeper *keeper = ctx;
    if (has_file(&keeper->taken, table->path))
        return false;
    if (accepts_table(keeper->accepted, table->name) ||
        accepts_table(keeper->accepted, table->path)) {
        push(&keeper->taken, table);
        return false;
    }
    return push(keeper->kept, table) && bundle_keep_former(keeper->bundle, table->path);
}

struct table_guard table_guard_of(struct table_keeper *keeper)
{
    return (struct table_guard){.ctx = keeper, .former = former, .keeps = keeps};
}
