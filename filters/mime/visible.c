/* SPDX-License-Identifier: ISC
 * Text of unknown origin made clean UTF-8, controls shown as their pictures. */
#include "base/utf8.h"
#include "filters/mime/charset.h"

#include <string.h>

static uint32_t visible(uint32_t c)
{
    if (c < 0x20)
        return 0x2400 + c;
    if (c == 0x7f)
        return 0x2421;
    if ((c >= 0x80 && c < 0xa0) || c == 0x2028 || c == 0x2029)
        return 0xfffd;
    return c;
}

/* The length of the run of printable ASCII at the start, which needs no look. */
static size_t plain_run(struct slice s)
{
    size_t n = 0;
    while (n < s.len && s.ptr[n] >= ' ' && s.ptr[n] < 0x7f)
        n++;
    return n;
}

bool text_append(struct buf *out, struct slice s)
{
    while (s.len) {
        size_t n = plain_run(s);
        uint32_t code = 0;
        if (n > 0) {
            buf_append(out, slice_sub(s, 0, n));
        } else if (s.ptr[0] == '\t') {
            buf_char(out, ' ');
            n = 1;
        } else {
            n = utf8_next(s, &code);
            utf8_append(out, visible(n ? code : (unsigned char)s.ptr[0]));
        }
        s = slice_from(s, n ? n : 1);
    }
    return !out->failed;
}

void charset_unpicture(struct buf *out)
{
    size_t to = out->head;
    for (size_t from = to; from < out->tail; from++) {
        const char *at = out->data + from;
        bool picture =
            out->tail - from >= 3 && memcmp(at, "\xe2\x90", 2) == 0 && (unsigned char)at[2] < 0xa0;
        out->data[to++] = picture ? (char)(at[2] & 0x1f) : *at;
        from += picture ? 2 : 0;
    }
    out->tail = to;
}
