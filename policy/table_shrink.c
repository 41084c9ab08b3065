/* SPDX-License-Identifier: ISC */
#include "policy/table_shrink.h"

#include "policy/config.h"
#include "policy/encoding.h"
#include "policy/table.h"

enum { GUARDED_FROM = 20 /* entries */ };

static size_t count_entries(struct slice text)
{
    size_t count = 0;
    for (struct slice entry; table_line(&text, &entry);)
        count++;
    return count;
}

/* False: nothing was served before, or it has not shrunk so much. */
static bool has_shrunk(const struct loader *loader, const struct source *source,
                       struct shrunk_table *out)
{
    struct slice former;
    if (!loader->guard || !loader->guard->former(loader->guard->ctx, source->path, &former))
        return false;
    out->before = count_entries(encoding_text(former));
    out->now = count_entries(source->text);
    return out->before >= GUARDED_FROM && out->now * 2 < out->before;
}

void keep_if_shrunk(struct sources *sources, uint16_t file, const struct token *name,
                    struct span user)
{
    const struct loader *loader = sources->loader;
    struct source *source = sources->files[file];
    struct shrunk_table table = {.name = name ? name->text : source->path, .path = source->path};
    struct slice text = {NULL, 0};
    const char *why = "";
    if (!has_shrunk(loader, source, &table) || !loader->guard->keeps(loader->guard->ctx, &table) ||
        !(loader->table ? loader->table : loader->read)(loader->ctx, source->path, &text, &why))
        return;
    source_replace(source, encoding_text(text));
    source_warning(sources, user,
                   "the table '%.*s' keeps its %zu entries: '%.*s' has only %zu now; if that is "
                   "right: gatepostctl reload --accept-shrink %.*s",
                   SHOWN(table.name), table.before, SLICE_ARGS(table.path), table.now,
                   SLICE_ARGS(table.name));
}
