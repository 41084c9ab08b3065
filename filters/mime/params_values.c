/* SPDX-License-Identifier: ISC
 * RFC 2231: continuations joined in each order that a client may use,
 * percent and charset decoded. */
#include "base/buf.h"
#include "filters/mime/charset.h"
#include "filters/mime/params.h"

enum { SECTIONS_MAX = 100, VALUE_MAX = 64 * 1024 };

struct param_values {
    struct arena *arena;
    struct slice *list;
    size_t n, max;
};

static void add(struct param_values *v, struct slice value)
{
    v->n = slice_add_distinct(v->list, v->n, v->max, value);
}

static void append_percent(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '%' && i + 2 < s.len && hex_digit(s.ptr[i + 1]) >= 0 &&
            hex_digit(s.ptr[i + 2]) >= 0) {
            c = (char)(hex_digit(s.ptr[i + 1]) << 4 | hex_digit(s.ptr[i + 2]));
            i += 2;
        }
        buf_char(out, c);
    }
}

/* charset'language'text: takes the prefix off; the charset is empty when there is none. */
static struct slice take_charset(struct slice *s)
{
    struct slice charset, language, rest, text;
    if (!slice_cut(*s, '\'', &charset, &rest) || !slice_cut(rest, '\'', &language, &text))
        return (struct slice){"", 0};
    *s = text;
    return charset;
}

static void add_octets(struct param_values *v, struct slice charset, struct slice octets)
{
    struct buf text = buf_init(VALUE_MAX);
    if (charset.len)
        charset_append(&text, charset, octets);
    struct slice copy = arena_copy(v->arena, charset.len ? buf_slice(&text) : octets);
    if (copy.ptr)
        add(v, copy);
    buf_release(&text);
}

static void add_extended(struct param_values *v, struct slice raw)
{
    struct buf octets = buf_init(VALUE_MAX);
    struct slice charset = take_charset(&raw);
    append_percent(&octets, raw);
    add_octets(v, charset, buf_slice(&octets));
    buf_release(&octets);
}

static void join(struct param_values *v, const struct param *const *pieces, size_t n,
                 bool all_extended)
{
    struct buf octets = buf_init(VALUE_MAX);
    struct slice charset = {"", 0};
    for (size_t i = 0; i < n; i++) {
        struct slice piece = pieces[i]->readings[0];
        bool extended = pieces[i]->extended || all_extended;
        if (i == 0 && extended)
            charset = take_charset(&piece);
        if (extended)
            append_percent(&octets, piece);
        else
            buf_append(&octets, piece);
    }
    add_octets(v, charset, buf_slice(&octets));
    buf_release(&octets);
}

/* Stable, by section number; pieces are few and mostly in order. */
static void sort_sections(const struct param **pieces, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && pieces[k - 1]->section > pieces[k]->section; k--) {
            const struct param *p = pieces[k];
            pieces[k] = pieces[k - 1];
            pieces[k - 1] = p;
        }
}

/* Of pieces with the same number, keeps the first or the last. */
static size_t unique_sections(const struct param *const *sorted, size_t n, bool last,
                              const struct param **out)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && out[kept - 1]->section == sorted[i]->section) {
            if (last)
                out[kept - 1] = sorted[i];
        } else {
            out[kept++] = sorted[i];
        }
    }
    return kept;
}

static void add_continued(struct param_values *v, const struct param **pieces, size_t n)
{
    const struct param *sorted[SECTIONS_MAX], *unique[SECTIONS_MAX];
    for (size_t i = 0; i < n; i++)
        sorted[i] = pieces[i];
    sort_sections(sorted, n);
    for (int last = 0; last < 2; last++) {
        size_t kept = unique_sections(sorted, n, last, unique);
        join(v, unique, kept, false);
        join(v, unique, kept, true);
    }
    join(v, sorted, n, false);
    join(v, pieces, n, false);
    join(v, pieces, n, true);
}

size_t params_values(struct arena *arena, const struct params *params, struct slice name,
                     struct slice *values, size_t max)
{
    struct param_values v = {.arena = arena, .list = values, .max = max};
    const struct param *pieces[SECTIONS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < params->n; i++) {
        const struct param *p = &params->items[i];
        if (!slice_eq(p->name, name))
            continue;
        if (p->section >= 0 && n < SECTIONS_MAX)
            pieces[n++] = p;
        for (size_t r = 0; r < p->n && p->section < 0; r++) {
            if (p->extended)
                add_extended(&v, p->readings[r]);
            else
                add(&v, p->readings[r]);
        }
    }
    if (n > 0)
        add_continued(&v, pieces, n);
    return v.n;
}
