/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_held.h"

/* A quoted string must not get quotes: of one that may not be shown as it is nothing is. */
static bool show_content(struct imap_session *s, struct slice content, bool header,
                         const struct imap_rendering *rendering)
{
    struct imap_held *held = s->held;
    size_t at = (size_t)(content.ptr - held->octets->text);
    bool is_whole = held->has_whole && at == held->whole && content.len == held->whole_len;
    if (held->octets->text[at - 1] == '"' && rendering && !rendering->clear)
        return imap_match(s, NULL, held->octets->text + at, content.len, false);
    if (is_whole && held->is_clear)
        return true;
    if (is_whole && rendering && rendering->shown.len == held->whole_len)
        held->instead = rendering->shown;
    else
        return imap_match(s, rendering, held->octets->text + at, content.len, header);
    return true;
}

static bool show_item(struct imap_session *s, const struct imap_fetched_item *item,
                      const struct imap_rendering *rendering)
{
    struct slice content;
    size_t at = 0;
    bool fits = true, header = imap_names_header(item->name);
    while (imap_held_content(item, &at, &content))
        fits &= show_content(s, content, header, rendering);
    return fits;
}

void imap_held_show(struct imap_session *s, const struct imap_rendering *rendering)
{
    struct imap_held *held = s->held;
    struct slice response = {held->octets->text, held->octets->len};
    struct imap_fetched_item item;
    size_t at = 0;
    bool fits = true;
    while (imap_fetched_item(response, &at, &item) == 1)
        fits &= show_item(s, &item, rendering);
    if (fits || !imap_barrier_reads_again(s))
        imap_held_give(s);
    else
        imap_held_given(s);
}
