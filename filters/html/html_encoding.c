/* SPDX-License-Identifier: ISC */
#include "filters/html/html_encoding.h"

#include "base/utf8.h"
#include "filters/mime/charset.h"

enum {
    LOOK_AT = 512, /* octets of text that tell UTF-16 by its zeros */
    UTF8_OF_UNIT = 3,
    SHOWN = 3, /* octets that a control becomes */
};

enum order { NO_UTF16, LITTLE, BIG };

static enum order order_of(struct slice *content)
{
    if (slice_starts(*content, SLICE("\xff\xfe")) || slice_starts(*content, SLICE("\xfe\xff"))) {
        enum order order = content->ptr[0] == '\xff' ? LITTLE : BIG;
        *content = slice_from(*content, 2);
        return order;
    }
    struct slice start = slice_sub(*content, 0, LOOK_AT);
    size_t zeros[2] = {0, 0};
    for (size_t i = 0; i < start.len; i++)
        zeros[i & 1] += start.ptr[i] == '\0';
    if (zeros[1] > start.len / 4 && zeros[0] <= zeros[1] / 2)
        return LITTLE;
    return zeros[0] > start.len / 4 && zeros[1] <= zeros[0] / 2 ? BIG : NO_UTF16;
}

static uint32_t unit(struct slice s, size_t at, enum order order)
{
    unsigned char first = (unsigned char)s.ptr[at], second = (unsigned char)s.ptr[at + 1];
    return order == LITTLE ? first | (uint32_t)second << 8 : second | (uint32_t)first << 8;
}

static struct slice from_utf16(struct arena *arena, struct slice s, enum order order)
{
    size_t size = s.len / 2 * UTF8_OF_UNIT + 1;
    char *room = arena_alloc(arena, size);
    struct buf out = buf_over(room, room ? size : 0);
    for (size_t i = 0; room && i + 1 < s.len; i += 2) {
        uint32_t code = unit(s, i, order);
        uint32_t low = i + 3 < s.len ? unit(s, i + 2, order) : 0;
        if (code >= 0xd800 && code < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        }
        if (code > 0)
            utf8_append(&out, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
    }
    return (struct slice){room, buf_len(&out)};
}

static struct slice without_nul(struct arena *arena, struct slice s)
{
    if (slice_find(s, '\0') == s.len)
        return s;
    size_t n = 0;
    char *room = arena_alloc(arena, s.len);
    for (size_t i = 0; room && i < s.len; i++)
        if (s.ptr[i] != '\0')
            room[n++] = s.ptr[i];
    return (struct slice){room, n};
}

static struct slice from_japanese(struct arena *arena, struct slice s)
{
    size_t size = SHOWN * s.len + 1;
    char *room = arena_alloc(arena, size);
    struct buf out = buf_over(room, room ? size : 0);
    if (room)
        charset_append(&out, SLICE("iso-2022-jp"), s);
    charset_unpicture(&out);
    return (struct slice){room, buf_len(&out)};
}

static bool has_escapes(struct slice s)
{
    return slice_search(s, SLICE("\x1b$")) < s.len || slice_search(s, SLICE("\x1b(")) < s.len;
}

size_t html_readings(struct arena *arena, struct slice content,
                     struct slice readings[HTML_READINGS_MAX])
{
    enum order order = order_of(&content);
    if (slice_starts(content, SLICE("\xef\xbb\xbf")))
        content = slice_from(content, 3);
    bool second = order == NO_UTF16 && has_escapes(content);
    readings[0] =
        order != NO_UTF16 ? from_utf16(arena, content, order) : without_nul(arena, content);
    if (second)
        readings[1] = from_japanese(arena, content);
    return arena_failed(arena) ? 0 : 1 + second;
}
