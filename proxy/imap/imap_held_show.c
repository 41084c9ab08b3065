/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_held.h"

#include <string.h>

/* A quoted string must not get quotes: of one that may not be shown as it is nothing is. */
static bool show_item(struct imap_session *s, const struct imap_fetched_item *item,
                      const struct imap_rendering *rendering)
{
    struct imap_held *held = s->held;
    size_t at = (size_t)(item->content.ptr - held->copy);
    bool is_whole = held->has_whole && at == held->whole && item->content.len == held->whole_len;
    if (item->value.ptr[0] == '"' && rendering && !rendering->clear)
        return imap_match(s, NULL, held->copy + at, item->content.len, false);
    if (is_whole && rendering && rendering->shown.len == held->whole_len)
        memcpy(held->copy + at, rendering->shown.ptr, held->whole_len);
    else
        return imap_match(s, rendering, held->copy + at, item->content.len,
                          imap_names_header(item->name));
    return true;
}

void imap_held_show(struct imap_session *s, const struct imap_rendering *rendering)
{
    struct imap_held *held = s->held;
    struct slice response = {held->copy, held->len};
    struct imap_fetched_item item;
    size_t at = 0;
    bool fits = true;
    while (imap_fetched_item(response, &at, &item) == 1)
        if (item.is_string && imap_is_content(&item))
            fits &= show_item(s, &item, rendering);
    if (fits || !imap_barrier_reads_again(s))
        imap_held_give(s);
    else
        imap_held_given(s);
}
