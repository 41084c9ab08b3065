/* SPDX-License-Identifier: ISC */
#include "filters/html/html_reference.h"

#include "base/utf8.h"

enum { NAME_MAX_LEN = 24, BARE_MAX_LEN = 6, BARE_MIN_LEN = 2 };

static const struct reference {
    struct slice name;
    uint32_t code;
    bool bare; /* also without its semicolon */
} references[] = {
#define NAME(name, code) {SLICE(name), code, false},
#define BARE(name, code) {SLICE(name), code, true},
#include "filters/html/html_names.def"
#undef NAME
#undef BARE
};

/* What browsers take numbers between ASCII and Latin-1 for: those of windows-1252. */
static const uint16_t windows_1252[32] = {
    0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
    0x2039, 0x152,  0x8d,   0x17d,  0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};

static uint32_t as_browsers_take_it(uint32_t code)
{
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0xfffd;
    return code >= 0x80 && code < 0xa0 ? windows_1252[code - 0x80] : code;
}

static size_t numeric_reference(struct slice s, uint32_t *code)
{
    bool hex = s.len > 2 && ascii_lower(s.ptr[2]) == 'x';
    size_t first = hex ? 3 : 2, at = first;
    *code = 0;
    for (; at < s.len; at++) {
        int digit = hex_digit(s.ptr[at]);
        if (digit < 0 || (!hex && digit > 9))
            break;
        *code = *code > 0x10ffff ? *code : *code * (hex ? 16 : 10) + (uint32_t)digit;
    }
    if (at == first)
        return 0;
    *code = as_browsers_take_it(*code);
    return at + (at < s.len && s.ptr[at] == ';');
}

static const struct reference *find(struct slice name)
{
    size_t from = 0, to = sizeof references / sizeof *references;
    while (from < to) {
        size_t middle = (from + to) / 2;
        int order = slice_cmp(name, references[middle].name);
        if (order == 0)
            return &references[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

static size_t name_length(struct slice s)
{
    size_t n = 0;
    while (n < s.len && n <= NAME_MAX_LEN && (ascii_alpha(s.ptr[n]) || ascii_digit(s.ptr[n])))
        n++;
    return n;
}

size_t html_reference(struct slice s, uint32_t *code)
{
    if (s.len > 1 && s.ptr[1] == '#')
        return numeric_reference(s, code);
    struct slice rest = slice_from(s, 1), name = slice_sub(rest, 0, name_length(rest));
    char next = name.len < rest.len ? rest.ptr[name.len] : '\0';
    bool may_be_bare = next != ';' && next != '=' && name.len <= BARE_MAX_LEN;
    if (name.len < BARE_MIN_LEN || name.len > NAME_MAX_LEN || (next != ';' && !may_be_bare))
        return 0;
    const struct reference *found = find(name);
    if (!found || (next != ';' && !found->bare))
        return 0;
    *code = found->code;
    return 1 + name.len + (next == ';');
}

struct slice html_decode(struct slice s, struct buf *room)
{
    if (slice_find(s, '&') == s.len)
        return s;
    buf_clear(room);
    while (s.len > 0) {
        uint32_t code;
        size_t plain = slice_find(s, '&');
        buf_append(room, slice_sub(s, 0, plain));
        s = slice_from(s, plain);
        size_t n = s.len > 0 ? html_reference(s, &code) : 0;
        if (n > 0)
            utf8_append(room, code);
        else if (s.len > 0)
            buf_char(room, '&');
        s = slice_from(s, n > 0 ? n : 1);
    }
    return buf_slice(room);
}
