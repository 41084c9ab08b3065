/* SPDX-License-Identifier: ISC */
#include "filters/pictures/unread.h"

#include "filters/files/picture_kind.h"

void unread_add(struct unread *unread, struct slice what)
{
    for (size_t i = 0; i < unread->count; i++)
        if (slice_eq(unread->items[i], what))
            return;
    if (unread->count < UNREAD_MAX)
        unread->items[unread->count++] = what;
}

void unread_add_kinds(struct unread *unread, unsigned kinds)
{
    for (int kind = PICTURE_NONE + 1; kind < PICTURE_KINDS; kind++)
        if (kinds & 1U << kind && !picture_is_read((enum picture_kind)kind))
            unread_add(unread, picture_type((enum picture_kind)kind));
}

void unread_add_list(struct unread *unread, const struct value *list)
{
    for (size_t i = 0; list->state == VALUE_KNOWN && i < list->list.count; i++)
        unread_add(unread, list->list.items[i].text);
}

struct value unread_list(struct arena *arena, const struct unread *unread)
{
    struct value *items = arena_array(arena, unread->count, sizeof *items);
    for (size_t i = 0; items && i < unread->count; i++)
        items[i] = value_text(unread->items[i]);
    return items ? (struct value){.state = VALUE_KNOWN,
                                  .list = {.items = items, .count = unread->count}}
                 : value_unknown();
}
