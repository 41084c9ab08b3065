/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/encode.h"

#include "base/buf.h"
#include "base/utf8.h"

#include <openssl/evp.h>

enum {
    TEXT_MAX = 64 * 1024,
    WORD_OCTETS = 45, /* 60 in base64, with the rest under the 75 of RFC 2047 2 */
    LINE_OCTETS = 57, /* 76 in base64: RFC 2045 6.8 */
};

bool encode_is_ascii(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] >= 0x80)
            return false;
    return true;
}

static void append_base64(struct buf *out, struct slice octets)
{
    unsigned char digits[4 * (LINE_OCTETS / 3 + 1) + 1];
    int n = EVP_EncodeBlock(digits, (const unsigned char *)octets.ptr, (int)octets.len);
    buf_append(out, (struct slice){(const char *)digits, (size_t)n});
}

/* As many whole characters as fit into `max` octets. */
static size_t whole_characters(struct slice text, size_t max)
{
    size_t n = 0;
    uint32_t code;
    while (n < text.len) {
        size_t one = utf8_next(slice_from(text, n), &code);
        if (n + (one ? one : 1) > max)
            break;
        n += one ? one : 1;
    }
    return n;
}

static struct slice keep(struct arena *arena, struct buf *out)
{
    struct slice kept = {NULL, 0};
    if (!out->failed)
        kept = arena_copy(arena, buf_slice(out));
    buf_release(out);
    return kept;
}

struct slice encode_words(struct arena *arena, struct slice text)
{
    if (encode_is_ascii(text))
        return text;
    struct buf out = buf_init(TEXT_MAX);
    while (text.len) {
        size_t n = whole_characters(text, WORD_OCTETS);
        buf_cstr(&out, buf_len(&out) ? "\r\n =?utf-8?B?" : "=?utf-8?B?");
        append_base64(&out, slice_sub(text, 0, n));
        buf_cstr(&out, "?=");
        text = slice_from(text, n);
    }
    return keep(arena, &out);
}

struct slice encode_part_fields(struct arena *arena, struct slice text)
{
    return arena_printf(arena, "Content-Type: text/plain; charset=utf-8\r\n%s",
                        encode_is_ascii(text) ? "" : "Content-Transfer-Encoding: base64\r\n");
}

struct slice encode_part_body(struct arena *arena, struct slice text)
{
    if (encode_is_ascii(text))
        return arena_printf(arena, "%.*s\r\n", SLICE_ARGS(text));
    struct buf out = buf_init(TEXT_MAX);
    for (size_t i = 0; i < text.len; i += LINE_OCTETS) {
        append_base64(&out, slice_sub(text, i, i + LINE_OCTETS));
        buf_cstr(&out, "\r\n");
    }
    return keep(arena, &out);
}
