/* SPDX-License-Identifier: ISC */
#include "filters/archive/lzw.h"

#include "filters/cpu_budget.h"
#include "filters/mime/bytes.h"

#include <stdlib.h>

enum {
    HEADER_SIZE = 3,
    BITS_MIN = 9,
    BITS_MAX = 16,
    CODES = 1 << BITS_MAX,
    CLEAR = 256,
    FLAG_BLOCK = 0x80,
    NONE = -1,
};

struct lzw {
    struct slice in;
    size_t at;    /* in bits */
    size_t group; /* where the current run of equally long codes began, in bits */
    unsigned bits, max_bits;
    bool blocks; /* CLEAR has its meaning */
    int next;    /* the code that comes next */
    uint16_t prefix[CODES];
    uint8_t suffix[CODES];
    char stack[CODES]; /* one code's text, backwards */
};

static int read_code(struct lzw *z)
{
    if (z->at + z->bits > z->in.len * 8)
        return NONE;
    uint32_t window = 0;
    for (unsigned i = 0; i < 3; i++)
        window |= (uint32_t)bytes_u8(z->in, z->at / 8 + i) << (8 * i);
    int code = (int)(window >> (z->at % 8) & ((1U << z->bits) - 1));
    z->at += z->bits;
    return code;
}

/* compress writes codes in groups of eight, and fills up the group when their length changes. */
static void set_bits(struct lzw *z, unsigned bits)
{
    size_t unit = (size_t)z->bits * 8;
    size_t used = z->at - z->group;
    z->at = z->group + (used + unit - 1) / unit * unit;
    z->group = z->at;
    z->bits = bits;
}

/* The text of `code`, first byte last on the stack; its length. */
static size_t expand(struct lzw *z, int code, size_t n)
{
    while (code >= 256 && n < CODES - 1) {
        z->stack[n++] = (char)z->suffix[code];
        code = z->prefix[code];
    }
    z->stack[n++] = (char)code;
    return n;
}

static bool put_backwards(struct buf *out, const char *stack, size_t n)
{
    size_t room;
    char *to = buf_reserve(out, n, &room);
    if (!to || room < n) {
        out->failed = true;
        return false;
    }
    for (size_t i = 0; i < n; i++)
        to[i] = stack[n - 1 - i];
    buf_commit(out, n);
    return true;
}

static bool run(struct lzw *z, struct buf *out)
{
    int code, last = NONE;
    while ((code = read_code(z)) != NONE) {
        if (code == CLEAR && z->blocks) {
            set_bits(z, BITS_MIN);
            z->next = CLEAR + 1;
            last = NONE;
            continue;
        }
        if (last == NONE ? code >= CLEAR : code > z->next)
            return false;
        bool new_text = last != NONE && code == z->next;
        size_t n = expand(z, new_text ? last : code, new_text ? 1 : 0);
        if (cpu_budget_spent(n))
            return false;
        if (new_text)
            z->stack[0] = z->stack[n - 1];
        if (!put_backwards(out, z->stack, n))
            return false;
        if (last != NONE && z->next < 1 << z->max_bits) {
            z->prefix[z->next] = (uint16_t)last;
            z->suffix[z->next++] = (uint8_t)z->stack[n - 1];
        }
        if (z->next >= 1 << z->bits && z->bits < z->max_bits)
            set_bits(z, z->bits + 1);
        last = code;
    }
    return true;
}

bool lzw_unpack(struct slice content, struct buf *out)
{
    unsigned flags = bytes_u8(content, 2), max_bits = flags & 0x1f;
    if (!bytes_are(content, 0, SLICE("\x1f\x9d")) || content.len < HEADER_SIZE ||
        max_bits < BITS_MIN || max_bits > BITS_MAX)
        return false;
    struct lzw *z = calloc(1, sizeof *z);
    if (!z)
        return false;
    z->in = slice_from(content, HEADER_SIZE);
    z->bits = BITS_MIN;
    z->max_bits = max_bits;
    z->blocks = flags & FLAG_BLOCK;
    z->next = z->blocks ? CLEAR + 1 : CLEAR;
    bool whole = run(z, out);
    free(z);
    return whole;
}
