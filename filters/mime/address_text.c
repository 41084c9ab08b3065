/* SPDX-License-Identifier: ISC */
#include "filters/mime/address_text.h"

#include <string.h>

bool text_make(struct arena *arena, struct address_text *t, size_t size)
{
    *t = (struct address_text){.ptr = arena_alloc(arena, size), .at = TEXT_NO_AT};
    return t->ptr != NULL;
}

void text_clear(struct address_text *t)
{
    *t = (struct address_text){.ptr = t->ptr, .at = TEXT_NO_AT};
}

void text_put(struct address_text *t, char c)
{
    t->ptr[t->len++] = c;
    t->joins = t->is_cut = false;
}

void text_atom(struct address_text *t, char c)
{
    if (c == '@' && t->at == TEXT_NO_AT)
        t->at = t->len;
    text_put(t, c);
    t->joins = c == '@' || c == '.';
}

void text_word(struct address_text *to, const struct address_text *from)
{
    if (to->len > 0)
        text_put(to, ' ');
    memcpy(to->ptr + to->len, from->ptr, from->len);
    to->len += from->len;
}

struct slice text_slice(const struct address_text *t)
{
    return (struct slice){t->ptr, t->len};
}

bool text_has_at(const struct address_text *t)
{
    return t->at != TEXT_NO_AT;
}

struct slice text_local(const struct address_text *t)
{
    return slice_sub(text_slice(t), 0, text_has_at(t) ? t->at : t->len);
}

struct slice text_domain(const struct address_text *t)
{
    struct slice domain = slice_from(text_slice(t), text_has_at(t) ? t->at + 1 : t->len);
    if (domain.len > 1 && domain.ptr[domain.len - 1] == '.')
        domain.len--;
    return domain;
}

size_t text_behind_at(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        struct slice rest = slice_from(s, i);
        if (rest.ptr[0] == '@')
            return i + 1;
        if (slice_starts(rest, SLICE("\xef\xbc\xa0")) || slice_starts(rest, SLICE("\xef\xb9\xab")))
            return i + 3;
    }
    return s.len + 1;
}

bool text_is_turned(struct slice s)
{
    for (size_t i = 0; i + 2 < s.len; i++) {
        const unsigned char *c = (const unsigned char *)s.ptr + i;
        if (c[0] != 0xe2)
            continue;
        if (c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xaa && c[2] <= 0xae)))
            return true;
        if (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9)
            return true;
    }
    return false;
}
