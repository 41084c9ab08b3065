/* SPDX-License-Identifier: ISC
 * Base64 as the most lenient client decodes it: what is no letter is skipped, padding ends a
 * quantum but not the content. */
#include "filters/mime/transfer.h"

enum { S = 0x81, P = 0x82, J = 0x83, SPECIAL = 0x80, RELAY_CUT = 900 / 4 * 3 };

static const unsigned char values[256] = {
    J,  J,  J,  J,  J,  J,  J,  J,  J,  S,  S,  S,  S,  S,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,
    J,  J,  J,  J,  J,  J,  J,  J,  S,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  62, J,  J,  J,  63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, J,  J,  J,  P,  J,  J,  J,  0,  1,  2,  3,  4,  5,  6,
    7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, J,  J,  J,  J,  J,
    J,  26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48,
    49, 50, 51, J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,
    J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,
    J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,
    J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,
    J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,
    J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,  J,
};

static char *flush(struct base64 *st, char *out)
{
    uint32_t v = st->bits;
    if (st->letters == 4) {
        *out++ = (char)(v >> 16);
        *out++ = (char)(v >> 8);
        *out++ = (char)v;
    } else if (st->letters == 3) {
        *out++ = (char)(v >> 10);
        *out++ = (char)(v >> 2);
    } else if (st->letters == 2) {
        *out++ = (char)(v >> 4);
    }
    st->letters = 0;
    st->bits = 0;
    return out;
}

static char *padding(struct base64 *st, char *out)
{
    if (st->letters >= 2)
        st->pads_due = 3u - st->letters;
    else if (st->letters == 0 && st->pads_due > 0)
        st->pads_due--;
    else
        st->found |= BASE64_BAD_PADDING;
    st->padded = true;
    return flush(st, out);
}

static char *letter(struct base64 *st, unsigned value, char *out)
{
    if (st->padded)
        st->found |= BASE64_GOES_ON;
    if (st->ragged_line)
        st->found |= BASE64_RAGGED;
    st->bits = st->bits << 6 | value;
    return ++st->letters == 4 ? flush(st, out) : out;
}

/* Letters between two line ends need not be a multiple of four, but decoders differ when they are
 * not. Relays cut lines of nearly 1000 octets anywhere. */
static void line_end(struct base64 *st, size_t written)
{
    size_t length = written - st->line_began;
    st->line_began = written;
    if (st->letters == 0)
        return;
    if (length > RELAY_CUT)
        st->found |= BASE64_LONG_RAGGED;
    else
        st->ragged_line = true;
}

size_t base64_decode(struct base64 *st, struct slice in, char *out)
{
    const unsigned char *p = (const unsigned char *)in.ptr, *end = p + in.len;
    char *start = out;
    while (p < end) {
        while (end - p >= 4 && st->letters == 0 && !st->padded && !st->ragged_line) {
            unsigned a = values[p[0]], b = values[p[1]], c = values[p[2]], d = values[p[3]];
            if ((a | b | c | d) & SPECIAL)
                break;
            out[0] = (char)(a << 2 | b >> 4);
            out[1] = (char)(b << 4 | c >> 2);
            out[2] = (char)(c << 6 | d);
            out += 3;
            p += 4;
        }
        if (p == end)
            break;
        unsigned v = values[*p++];
        if (v < SPECIAL)
            out = letter(st, v, out);
        else if (v == P)
            out = padding(st, out);
        else if (v == J)
            st->found |= BASE64_JUNK;
        else if (p[-1] == '\n')
            line_end(st, st->written + (size_t)(out - start));
    }
    st->written += (size_t)(out - start);
    return (size_t)(out - start);
}

size_t base64_finish(struct base64 *st, char *out)
{
    if (st->letters == 1)
        st->found |= BASE64_BAD_PADDING;
    else if (st->letters > 1 || st->pads_due > 0)
        st->found |= BASE64_NO_PADDING;
    return (size_t)(flush(st, out) - out);
}

size_t base64_place(struct slice in, size_t octets)
{
    size_t before = octets / 3 * 4;
    for (size_t i = 0; i < in.len; i++)
        if (base64_letter(in.ptr[i]) && before-- == 0)
            return i;
    return in.len;
}
