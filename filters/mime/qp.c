/* SPDX-License-Identifier: ISC */
#include "filters/mime/transfer.h"

#include <string.h>

/* After '=': blanks and a line end. Returns what to skip, or 0. */
static size_t soft_break(const char *p, const char *end)
{
    const char *q = p;
    while (q < end && (ascii_blank(*q) || *q == '\r'))
        q++;
    if (q == end)
        return (size_t)(q - p);
    return *q == '\n' ? (size_t)(q - p) + 1 : 0;
}

static unsigned letter_case(char c)
{
    return c >= 'a' ? QP_LOWER : c >= 'A' ? QP_UPPER : 0;
}

size_t qp_decode(struct slice in, char *out, unsigned *found)
{
    const char *p = in.ptr, *end = in.ptr + in.len;
    char *start = out;
    while (p < end) {
        const char *eq = memchr(p, '=', (size_t)(end - p));
        size_t run = (size_t)((eq ? eq : end) - p);
        memcpy(out, p, run);
        out += run;
        if (!eq)
            break;
        p = eq + 1;
        if (end - p >= 2 && hex_digit(p[0]) >= 0 && hex_digit(p[1]) >= 0) {
            *out++ = (char)(hex_digit(p[0]) << 4 | hex_digit(p[1]));
            *found |= letter_case(p[0]) | letter_case(p[1]);
            p += 2;
            continue;
        }
        size_t skip = soft_break(p, end);
        if (skip || p == end) {
            p += skip;
            continue;
        }
        *found |= QP_BROKEN;
        *out++ = '=';
    }
    return (size_t)(out - start);
}

size_t qp_place(struct slice in, size_t octets)
{
    const char *p = in.ptr, *end = in.ptr + in.len;
    while (p < end && octets > 0) {
        const char *next = p + 1;
        if (*p != '=') {
            p = next;
            octets--;
            continue;
        }
        bool hex = end - next >= 2 && hex_digit(next[0]) >= 0 && hex_digit(next[1]) >= 0;
        size_t skip = hex ? 2 : soft_break(next, end);
        octets -= hex || (skip == 0 && next < end);
        p = next + skip;
    }
    return (size_t)(p - in.ptr);
}
