/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/mta_body.h"

size_t mta_body_begins(struct slice message)
{
    if (slice_starts(message, SLICE("\r\n")))
        return 2;
    size_t end = slice_search(message, SLICE("\r\n\r\n"));
    return end < message.len ? end + 4 : message.len;
}

static void put(struct mta_body *out, struct slice octets)
{
    if (octets.len == 0)
        return;
    out->pieces[out->count++] = (struct iovec){(void *)(uintptr_t)octets.ptr, octets.len};
    out->size += octets.len;
}

/* As edits_assemble has it: what begins in another's change is nothing. */
static void assemble(struct slice message, size_t at, const struct edit_change *changes,
                     size_t count, struct mta_body *out)
{
    for (size_t i = 0; i < count; i++) {
        if (changes[i].from < at)
            continue;
        put(out, slice_sub(message, at, changes[i].from));
        put(out, changes[i].literal);
        at = changes[i].to;
    }
    put(out, slice_from(message, at));
}

bool mta_body(struct arena *arena, struct slice message, const struct edit_list *list,
              struct mta_body *out)
{
    size_t begins = mta_body_begins(message), first = 0;
    *out = (struct mta_body){.count = 0};
    while (first < list->count && list->changes[first].from < begins)
        first++;
    size_t count = list->count - first;
    if (count == 0)
        return true;
    out->changed = true;
    out->pieces = arena_array(arena, 2 * count + 1, sizeof *out->pieces);
    if (!out->pieces)
        return false;
    assemble(message, begins, list->changes + first, count, out);
    return true;
}
