/* SPDX-License-Identifier: ISC
 * The body after DATA, decoded as simply as it can be said:
 * what proxy/smtp/smtp_data.c must agree with. */
#ifndef TESTS_PROXY_SMTP_DATA_REFERENCE_H
#define TESTS_PROXY_SMTP_DATA_REFERENCE_H

#include "proxy/smtp/smtp_data.h"

#include <string.h>

struct decoded {
    char content[70000]; /* twice the input and a little */
    size_t len, used;
    bool ended, bare_cr, bare_lf, nul, high;
};

static inline void decoded_put(struct decoded *d, const char *bytes, size_t n)
{
    memcpy(d->content + d->len, bytes, n);
    d->len += n;
}

/* Whole input at once; a CR at its very end is not looked at (its LF may come). */
static inline void reference_decode(struct slice in, bool chunked, bool normalise,
                                    struct decoded *d)
{
    bool line_start = true;
    size_t i = 0;
    memset(d, 0, sizeof *d);
    while (i < in.len) {
        struct slice rest = slice_from(in, i);
        char c = rest.ptr[0];
        if (!chunked && line_start && slice_starts(rest, SLICE(".\r\n"))) {
            d->ended = true;
            i += 3;
            break;
        }
        if (!chunked && line_start && c == '.') {
            line_start = false;
            i++;
            continue;
        }
        if (slice_starts(rest, SLICE("\r\n"))) {
            decoded_put(d, "\r\n", 2);
            line_start = true;
            i += 2;
            continue;
        }
        if (c == '\r' && rest.len == 1)
            break;
        if (c == '\r' || c == '\n') {
            d->bare_cr = d->bare_cr || c == '\r';
            d->bare_lf = d->bare_lf || c == '\n';
            decoded_put(d, normalise ? "\r\n" : &c, normalise ? 2 : 1);
        } else {
            d->nul = d->nul || c == '\0';
            d->high = d->high || (unsigned char)c >= 0x80;
            decoded_put(d, &c, 1);
        }
        line_start = false;
        i++;
    }
    d->used = i;
}

static inline bool decoded_sink(void *ctx, struct slice content)
{
    struct decoded *d = ctx;
    if (d->len + content.len > sizeof d->content)
        return false;
    decoded_put(d, content.ptr, content.len);
    return true;
}

/* What smtp_data makes of it in steps of `step` bytes. */
static inline void data_decode(struct slice in, bool chunked, bool normalise, size_t step,
                               struct decoded *d, struct smtp_data *data)
{
    memset(d, 0, sizeof *d);
    smtp_data_begin(data, chunked, normalise);
    while (d->used < in.len && data->state != DATA_END) {
        struct slice piece = slice_sub(in, d->used, d->used + step);
        size_t n = smtp_data_feed(data, piece, decoded_sink, d);
        if (n > piece.len)
            return;
        d->used += n;
    }
    if (data->state == DATA_CR || data->state == DATA_DOT_CR)
        d->used--; /* the reference has not looked at it */
    d->ended = data->state == DATA_END;
    d->bare_cr = data->bare_cr;
    d->bare_lf = data->bare_lf;
    d->nul = data->nul;
    d->high = data->high;
}

static inline bool decoded_equal(const struct decoded *a, const struct decoded *b)
{
    return a->len == b->len && memcmp(a->content, b->content, a->len) == 0 && a->used == b->used &&
           a->ended == b->ended && a->bare_cr == b->bare_cr && a->bare_lf == b->bare_lf &&
           a->nul == b->nul && a->high == b->high;
}

/* Some line of the content begins with a dot. */
static inline bool content_has_dots(const struct decoded *d)
{
    struct slice s = {d->content, d->len};
    if (slice_starts(s, SLICE(".")))
        return true;
    return slice_search(s, SLICE("\r\n.")) < s.len;
}

#endif
