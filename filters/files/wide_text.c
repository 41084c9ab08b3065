/* SPDX-License-Identifier: ISC */
#include "filters/files/wide_text.h"

enum { LOOK_AT = 4 }; /* characters */

static bool is_big_endian(struct slice text)
{
    return slice_starts(text, SLICE("\xfe\xff")) || text.ptr[0] == '\0';
}

bool wide_text_is(struct slice text)
{
    if (slice_starts(text, SLICE("\xff\xfe")) || slice_starts(text, SLICE("\xfe\xff")))
        return true;
    if (text.len < (size_t)2 * LOOK_AT)
        return false;
    size_t zero = is_big_endian(text) ? 0 : 1;
    for (size_t i = 0; i < (size_t)2 * LOOK_AT; i++)
        if ((text.ptr[i] == '\0') != (i % 2 == zero))
            return false;
    return true;
}

size_t wide_text_narrow(struct slice text, char *out)
{
    size_t zero = text.len && is_big_endian(text) ? 0 : 1, n = 0;
    bool marked = slice_starts(text, SLICE("\xff\xfe")) || slice_starts(text, SLICE("\xfe\xff"));
    for (size_t i = marked ? 2 : 0; i + 1 < text.len; i += 2) {
        char low = text.ptr[i + 1 - zero];
        out[n++] = text.ptr[i + zero] == '\0' && (unsigned char)low < 0x80 ? low : '?';
    }
    return n;
}
