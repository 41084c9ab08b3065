/* SPDX-License-Identifier: ISC
 * LZWDecode (ISO 32000-2, 7.4.4): codes of 9 to 12 bits, the highest bit first. */
#include "filters/cpu_budget.h"
#include "filters/pdf/pdf_filters.h"

enum {
    BITS_MIN = 9,
    BITS_MAX = 12,
    CODES = 1 << BITS_MAX,
    CLEAR = 256,
    END = 257,
    FIRST = 258,
    NONE = -1,
};

struct lzw {
    struct slice in;
    size_t at; /* in octets */
    uint32_t window;
    unsigned have; /* bits in it */
    unsigned bits;
    int next, last, late;
    uint16_t prefix[CODES];
    uint16_t length[CODES];
    char suffix[CODES];
};

static int read_code(struct lzw *z)
{
    while (z->have < z->bits) {
        if (z->at == z->in.len)
            return END;
        z->window = z->window << 8 | (unsigned char)z->in.ptr[z->at++];
        z->have += 8;
    }
    z->have -= z->bits;
    return (int)(z->window >> z->have & ((1U << z->bits) - 1));
}

static void clear(struct lzw *z)
{
    z->bits = BITS_MIN;
    z->next = FIRST;
    z->last = NONE;
}

/* The text of `code`; its first octet again behind it when it is not in the table yet. */
static bool put(struct lzw *z, int code, bool again, struct buf *out, char *first)
{
    size_t len = z->length[code], room;
    char *to = buf_reserve(out, len + again, &room);
    if (!to || room < len + again) {
        out->failed = true;
        return false;
    }
    for (size_t i = len; i > 0; i--) {
        to[i - 1] = z->suffix[code];
        code = z->prefix[code];
    }
    *first = to[0];
    if (again)
        to[len] = to[0];
    buf_commit(out, len + again);
    return !cpu_budget_spent(len);
}

static void learn(struct lzw *z, char octet)
{
    if (z->last == NONE || z->next >= CODES)
        return;
    z->prefix[z->next] = (uint16_t)z->last;
    z->length[z->next] = (uint16_t)(z->length[z->last] + 1);
    z->suffix[z->next++] = octet;
}

static bool decode(struct lzw *z, struct buf *out)
{
    int code;
    char first = 0;
    while ((code = read_code(z)) != END) {
        if (code == CLEAR) {
            clear(z);
            continue;
        }
        bool new_text = z->last != NONE && code == z->next;
        if (!new_text && code >= CLEAR && code >= z->next)
            return false;
        if (!put(z, new_text ? z->last : code, new_text, out, &first))
            return false;
        learn(z, first);
        z->last = code;
        while (z->bits < BITS_MAX && z->next + 1 - z->late >= 1 << z->bits)
            z->bits++;
    }
    return true;
}

bool pdf_lzw(struct slice in, bool late_change, struct buf *out)
{
    struct lzw z;
    z.in = in;
    z.at = z.window = z.have = 0;
    z.late = late_change;
    for (unsigned octet = 0; octet < CLEAR; octet++) {
        z.prefix[octet] = 0;
        z.length[octet] = 1;
        z.suffix[octet] = (char)octet;
    }
    clear(&z);
    return decode(&z, out);
}
