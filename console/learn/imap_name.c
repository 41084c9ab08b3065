/* SPDX-License-Identifier: ISC */
#include "console/learn/imap_name.h"

#include "base/utf8.h"

struct encoder {
    struct buf out;
    bool shifted;  /* within "&...-" */
    uint32_t bits; /* that are no letter yet */
    unsigned bit_count;
};

static void put_letter(struct encoder *e, uint32_t six)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
    buf_char(&e->out, letters[six & 63]);
}

static void put_unit(struct encoder *e, uint32_t utf16)
{
    e->bits = e->bits << 16 | utf16;
    for (e->bit_count += 16; e->bit_count >= 6; e->bit_count -= 6)
        put_letter(e, e->bits >> (e->bit_count - 6));
}

static void shift(struct encoder *e)
{
    if (!e->shifted)
        buf_char(&e->out, '&');
    e->shifted = true;
}

static void unshift(struct encoder *e)
{
    if (!e->shifted)
        return;
    if (e->bit_count)
        put_letter(e, e->bits << (6 - e->bit_count));
    buf_char(&e->out, '-');
    *e = (struct encoder){.out = e->out};
}

static void put(struct encoder *e, uint32_t code)
{
    if (code >= 0x20 && code < 0x7f) {
        unshift(e);
        buf_cstr(&e->out, code == '&' ? "&-" : (char[]){(char)code, '\0'});
        return;
    }
    shift(e);
    if (code >= 0x10000) {
        put_unit(e, 0xd800 + ((code - 0x10000) >> 10));
        put_unit(e, 0xdc00 + (code & 0x3ff));
    } else {
        put_unit(e, code);
    }
}

bool imap_name_encode(struct slice name, char *out, size_t size)
{
    struct encoder e = {.out = buf_over(out, size)};
    while (name.len) {
        uint32_t code;
        size_t took = utf8_next(name, &code);
        if (took == 0)
            return false;
        put(&e, code);
        name = slice_from(name, took);
    }
    unshift(&e);
    return buf_char(&e.out, '\0');
}
