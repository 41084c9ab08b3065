/* SPDX-License-Identifier: ISC */
#include "filters/pdf/pdf_text.h"

#include "filters/mime/bytes.h"
#include "filters/mime/charset.h"

enum { UTF8_FACTOR = 4 };

bool pdf_name_eq(struct slice raw, struct slice name)
{
    size_t at = 0, i = 0;
    if (raw.len < name.len)
        return false;
    for (; at < raw.len && i < name.len; i++) {
        char c = raw.ptr[at];
        int high = c == '#' && at + 2 < raw.len ? hex_digit(raw.ptr[at + 1]) : -1;
        int low = high >= 0 ? hex_digit(raw.ptr[at + 2]) : -1;
        if (low >= 0)
            c = (char)(high << 4 | low);
        if (c != name.ptr[i])
            return false;
        at += low >= 0 ? 3 : 1;
    }
    return at == raw.len && i == name.len;
}

static struct slice from_hex(char *out, struct slice raw)
{
    size_t n = 0;
    int high = -1;
    for (size_t i = 0; i < raw.len; i++) {
        int digit = hex_digit(raw.ptr[i]);
        if (digit < 0)
            continue;
        if (high >= 0)
            out[n++] = (char)(high << 4 | digit);
        high = high < 0 ? digit : -1;
    }
    if (high >= 0)
        out[n++] = (char)(high << 4);
    return (struct slice){out, n};
}

/* Up to three octal digits. */
static char from_octal(struct slice raw, size_t *at)
{
    unsigned value = 0;
    size_t end = *at + 3;
    for (; *at < end && *at < raw.len && raw.ptr[*at] >= '0' && raw.ptr[*at] <= '7'; ++*at)
        value = value * 8 + (unsigned)(raw.ptr[*at] - '0');
    return (char)value;
}

/* What stands behind a backslash; false: nothing, a line goes on. */
static bool from_escape(struct slice raw, size_t *at, char *out)
{
    static const char letters[] = "nrtbf", meant[] = "\n\r\t\b\f";
    char c = raw.ptr[*at];
    if (c >= '0' && c <= '7') {
        *out = from_octal(raw, at);
        return true;
    }
    ++*at;
    if (c == '\r' && bytes_u8(raw, *at) == '\n')
        ++*at;
    const char *letter = c ? strchr(letters, c) : NULL;
    *out = letter ? meant[letter - letters] : c;
    return c != '\r' && c != '\n';
}

static struct slice from_literal(char *out, struct slice raw)
{
    size_t n = 0, at = 0;
    while (at < raw.len) {
        char c = raw.ptr[at++];
        if (c == '\\' && (at == raw.len || !from_escape(raw, &at, &c)))
            continue;
        out[n++] = c;
    }
    return (struct slice){out, n};
}

struct slice pdf_string(struct arena *arena, struct slice raw, bool hex)
{
    char *out = arena_alloc(arena, raw.len + 1);
    if (!out)
        return (struct slice){0};
    return hex ? from_hex(out, raw) : from_literal(out, raw);
}

struct slice pdf_clean(struct arena *arena, struct slice octets)
{
    struct slice charset = SLICE("utf-8");
    size_t mark = 0;
    if (slice_starts(octets, SLICE("\xfe\xff")))
        charset = SLICE("utf-16be"), mark = 2;
    else if (slice_starts(octets, SLICE("\xff\xfe")))
        charset = SLICE("utf-16le"), mark = 2;
    else if (slice_starts(octets, SLICE("\xef\xbb\xbf")))
        mark = 3;
    struct buf text = buf_init(UTF8_FACTOR * octets.len + 1);
    struct slice clean = {0};
    if (charset_append(&text, charset, slice_from(octets, mark)))
        clean = arena_copy(arena, buf_slice(&text));
    buf_release(&text);
    return clean;
}
