/* SPDX-License-Identifier: ISC */
#include "filters/containers/binhex.h"

#include "filters/cpu_budget.h"
#include "filters/mime/headers.h"

#include <string.h>

#define FIRST_LINE SLICE("(This file must be converted with BinHex")

enum {
    MARKER = 0x90,   /* repeats the octet before it */
    HEAD_FIXED = 22, /* octets of the header without its name: RFC 1741 A.2 */
    NAME_MAX_LEN = 63,
};

struct slice binhex_find(struct slice text, size_t at)
{
    struct line line;
    for (at = line_find(text, at, FIRST_LINE); line_at(text, at, &line); at = line.next) {
        struct slice begin = slice_trim(line.text);
        if (slice_starts(begin, SLICE(":")))
            return slice_from(text, (size_t)(begin.ptr - text.ptr) + 1);
        if (begin.len && !slice_starts(begin, FIRST_LINE))
            line.next = line_find(text, line.next, FIRST_LINE);
    }
    return (struct slice){NULL, 0};
}

/* 0 to 63, or -1. */
static int value_of(char c)
{
    static const char letters[] =
        "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
    const char *hit = c ? memchr(letters, c, sizeof letters - 1) : NULL;
    return hit ? (int)(hit - letters) : -1;
}

/* Octets as they come out of the letters; runs are written out. */
struct output {
    struct buf *room;
    char last;
    bool marked; /* the last was a marker */
};

static void repeat(struct output *out, unsigned times)
{
    char run[256];
    memset(run, out->last, sizeof run);
    buf_append(out->room, (struct slice){run, times});
}

static void put(struct output *out, unsigned char octet)
{
    if (!out->marked && octet == MARKER) {
        out->marked = true;
        return;
    }
    if (out->marked && octet > 0) {
        repeat(out, octet - 1U);
    } else {
        out->last = out->marked ? (char)MARKER : (char)octet;
        buf_char(out->room, out->last);
    }
    out->marked = false;
}

/* Up to the colon that ends the letters; false when something else does. */
static bool decode(struct slice text, struct output *out, size_t *used)
{
    uint32_t bits = 0;
    unsigned count = 0;
    for (*used = 0; *used < text.len && !out->room->failed; ++*used) {
        char c = text.ptr[*used];
        int value = value_of(c);
        if (c == ':')
            return true;
        if (c == '\r' || c == '\n' || ascii_blank(c))
            continue;
        if (value < 0 || cpu_budget_spent(8))
            return false;
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count < 8)
            continue;
        count -= 8;
        put(out, (unsigned char)(bits >> count));
    }
    return false;
}

static uint32_t be32(struct slice s, size_t at)
{
    uint32_t v = 0;
    for (size_t i = at; i < at + 4 && i < s.len; i++)
        v = v << 8 | (unsigned char)s.ptr[i];
    return v;
}

/* CRC-16 with the polynomial x^16 + x^12 + x^5 + 1, four bits at a time. */
static unsigned crc_of(struct slice s)
{
    static const uint16_t table[16] = {0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5,
                                       0x60c6, 0x70e7, 0x8108, 0x9129, 0xa14a, 0xb16b,
                                       0xc18c, 0xd1ad, 0xe1ce, 0xf1ef};
    unsigned crc = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned octet = (unsigned char)s.ptr[i];
        crc = (crc << 4 & 0xffff) ^ table[crc >> 12 ^ octet >> 4];
        crc = (crc << 4 & 0xffff) ^ table[crc >> 12 ^ (octet & 15)];
    }
    return crc;
}

/* Cuts off `len` octets that their checksum follows. */
static struct slice take_checked(struct slice *rest, size_t len, bool *broken)
{
    struct slice part = slice_sub(*rest, 0, len), sum = slice_sub(*rest, len, len + 2);
    *rest = slice_from(*rest, part.len + sum.len);
    if (part.len < len || sum.len < 2 ||
        crc_of(part) != ((unsigned)(unsigned char)sum.ptr[0] << 8 | (unsigned char)sum.ptr[1]))
        *broken = true;
    return part;
}

size_t binhex_unpack(struct slice text, struct buf *room, struct binhex *out)
{
    struct output output = {.room = room};
    size_t used;
    bool ended = decode(text, &output, &used);
    struct slice rest = buf_slice(room);
    *out = (struct binhex){.broken = !ended};
    size_t name = rest.len ? (unsigned char)rest.ptr[0] : 0;
    struct slice head = take_checked(&rest, HEAD_FIXED - 2 + name, &out->broken);
    out->name = slice_sub(head, 1, 1 + name);
    out->broken = out->broken || name > NAME_MAX_LEN;
    out->data = take_checked(&rest, be32(head, 12 + name), &out->broken);
    out->resource = take_checked(&rest, be32(head, 16 + name), &out->broken);
    return used;
}
