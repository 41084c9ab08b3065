/* SPDX-License-Identifier: ISC */
#include "base/json.h"

#include "base/utf8.h"

#include <math.h>

static void escape_ascii(struct buf *out, char c)
{
    if (c == '"' || c == '\\') {
        buf_char(out, '\\');
        buf_char(out, c);
    } else if (c == '\n') {
        buf_cstr(out, "\\n");
    } else if (c == '\t') {
        buf_cstr(out, "\\t");
    } else if ((unsigned char)c < 0x20 || c == 0x7f) {
        buf_printf(out, "\\u%04x", (unsigned char)c);
    } else {
        buf_char(out, c);
    }
}

void json_text(struct buf *out, struct slice text)
{
    buf_char(out, '"');
    for (size_t i = 0; i < text.len;) {
        uint32_t code;
        size_t n = utf8_next(slice_from(text, i), &code);
        if (n == 1)
            escape_ascii(out, text.ptr[i]);
        else if (n == 0)
            buf_cstr(out, "\xef\xbf\xbd");
        else
            buf_append(out, slice_sub(text, i, i + n));
        i += n ? n : 1;
    }
    buf_char(out, '"');
}

void json_number(struct buf *out, double number)
{
    if (!isfinite(number))
        buf_cstr(out, "null");
    else if (number == floor(number) && fabs(number) < 1e15)
        buf_printf(out, "%.0f", number);
    else
        buf_printf(out, "%.6g", number);
}

static bool opens(const struct buf *out)
{
    struct slice s = buf_slice(out);
    return s.len == 0 || s.ptr[s.len - 1] == '{' || s.ptr[s.len - 1] == '[';
}

void json_item(struct buf *out)
{
    if (!opens(out))
        buf_char(out, ',');
}

void json_key(struct buf *out, struct slice key)
{
    json_item(out);
    json_text(out, key);
    buf_char(out, ':');
}
