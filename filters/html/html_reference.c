/* SPDX-License-Identifier: ISC */
#include "filters/html/html_reference.h"

#include "base/utf8.h"

static const struct reference {
    struct slice name;
    uint32_t code;
    bool bare; /* also without its semicolon */
} references[] = {
    {SLICE("amp"), '&', true},       {SLICE("lt"), '<', true},
    {SLICE("gt"), '>', true},        {SLICE("quot"), '"', true},
    {SLICE("nbsp"), 0xa0, true},     {SLICE("shy"), 0xad, true},
    {SLICE("apos"), '\'', false},    {SLICE("colon"), ':', false},
    {SLICE("sol"), '/', false},      {SLICE("bsol"), '\\', false},
    {SLICE("period"), '.', false},   {SLICE("commat"), '@', false},
    {SLICE("quest"), '?', false},    {SLICE("num"), '#', false},
    {SLICE("percnt"), '%', false},   {SLICE("equals"), '=', false},
    {SLICE("lowbar"), '_', false},   {SLICE("Tab"), '\t', false},
    {SLICE("NewLine"), '\n', false}, {SLICE("hyphen"), 0x2010, false},
    {SLICE("zwnj"), 0x200c, false},  {SLICE("zwj"), 0x200d, false},
};

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
    if (*code == 0 || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
        *code = 0xfffd;
    return at + (at < s.len && s.ptr[at] == ';');
}

size_t html_reference(struct slice s, uint32_t *code)
{
    if (s.len > 1 && s.ptr[1] == '#')
        return numeric_reference(s, code);
    for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
        struct slice name = references[i].name;
        if (s.len <= name.len || s.ptr[1] != name.ptr[0] || !slice_starts(slice_from(s, 1), name))
            continue;
        size_t end = 1 + name.len;
        char next = end < s.len ? s.ptr[end] : '\0';
        *code = references[i].code;
        if (next == ';')
            return end + 1;
        if (references[i].bare && next != '=' && !ascii_alpha(next) && !ascii_digit(next))
            return end;
    }
    return 0;
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
