/* SPDX-License-Identifier: ISC */
#include "proxy/smtp_data.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

void smtp_data_begin(struct smtp_data *data, bool chunked, bool normalise)
{
    *data =
        (struct smtp_data){.state = DATA_LINE_START, .chunked = chunked, .normalise = normalise};
}

#ifdef __SSE2__

enum { BLOCK = 64, VECTOR = 16 };

struct block_masks {
    uint64_t cr, lf; /* a bit for each byte of the block */
    bool nul;
};

static struct block_masks masks_at(const char *p, __m128i *any_high)
{
    const __m128i cr = _mm_set1_epi8('\r'), lf = _mm_set1_epi8('\n');
    __m128i nul = _mm_setzero_si128();
    struct block_masks m = {0};
    for (int i = 0; i < BLOCK / VECTOR; i++) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i * VECTOR));
        m.cr |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, cr)) << (i * VECTOR);
        m.lf |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, lf)) << (i * VECTOR);
        nul = _mm_or_si128(nul, _mm_cmpeq_epi8(v, _mm_setzero_si128()));
        *any_high = _mm_or_si128(*any_high, v);
    }
    m.nul = _mm_movemask_epi8(nul) != 0;
    return m;
}

/* Whether a line that begins within the block begins with a dot. */
static bool dot_begins_line(const char *p, uint64_t lf)
{
    for (lf &= UINT64_MAX >> 1; lf; lf &= lf - 1)
        if (p[__builtin_ctzll(lf) + 1] == '.')
            return true;
    return false;
}

size_t smtp_data_plain_run(struct slice bytes, bool *line_start, bool *high)
{
    uint64_t cr_before = 0; /* the block before ended with CR: this one must begin with LF */
    bool starts = *line_start;
    __m128i any_high = _mm_setzero_si128();
    size_t i = 0;
    for (; i + BLOCK <= bytes.len; i += BLOCK) {
        const char *p = bytes.ptr + i;
        __m128i high_before = any_high;
        struct block_masks m = masks_at(p, &any_high);
        if (m.nul || m.lf != (m.cr << 1 | cr_before) || (starts && *p == '.') ||
            dot_begins_line(p, m.lf)) {
            any_high = high_before;
            break;
        }
        cr_before = m.cr >> 63;
        starts = m.lf >> 63;
    }
    if (cr_before) /* its LF is not known yet: leave it */
        i--;
    if (i > 0)
        *line_start = bytes.ptr[i - 1] == '\n';
    if (_mm_movemask_epi8(any_high))
        *high = true;
    return i;
}

#else

size_t smtp_data_plain_run(struct slice bytes, bool *line_start, bool *high)
{
    bool start = *line_start;
    size_t i = 0;
    for (; i < bytes.len; i++) {
        char c = bytes.ptr[i];
        if (c == '\0' || c == '\n' || (c == '.' && start))
            break;
        if (c == '\r') {
            if (i + 1 >= bytes.len || bytes.ptr[i + 1] != '\n')
                break;
            i++;
        }
        if ((unsigned char)c >= 0x80)
            *high = true;
        start = c == '\r';
    }
    *line_start = start;
    return i;
}

#endif

struct feeder {
    struct smtp_data *data;
    smtp_data_sink *sink;
    void *ctx;
};

static bool put(const struct feeder *f, struct slice content)
{
    return f->sink(f->ctx, content);
}

/* A bare CR or LF: kept as it is (the message is going to be refused), or made a line end. What
 * follows is never read as a dot that ends or is stuffed: the sender's line did not begin there. */
static bool put_bare(const struct feeder *f, char c)
{
    if (c == '\r')
        f->data->bare_cr = true;
    else
        f->data->bare_lf = true;
    f->data->state = DATA_MIDDLE;
    if (!f->data->normalise)
        return put(f, (struct slice){&c, 1});
    f->data->dots = true; /* the next byte may be a dot that now begins a line */
    return put(f, SLICE("\r\n"));
}

/* A byte of a line's content. */
static bool put_byte(const struct feeder *f, char c)
{
    struct smtp_data *data = f->data;
    if (c == '\n')
        return put_bare(f, '\n');
    if (c == '\r') {
        data->state = DATA_CR;
        return true;
    }
    if (c == '\0')
        data->nul = true;
    if ((unsigned char)c >= 0x80)
        data->high = true;
    data->state = DATA_MIDDLE;
    return put(f, (struct slice){&c, 1});
}

static bool after_dot(const struct feeder *f, char c)
{
    if (c == '\r') {
        f->data->state = DATA_DOT_CR;
        return true;
    }
    if (c == '.')
        f->data->dots = true;
    return put_byte(f, c); /* the stuffed dot itself is dropped (RFC 5321 4.5.2) */
}

static bool step(const struct feeder *f, char c)
{
    struct smtp_data *data = f->data;
    switch (data->state) {
    case DATA_LINE_START:
        if (c != '.')
            return put_byte(f, c);
        if (data->chunked) {
            data->dots = true;
            return put_byte(f, c);
        }
        data->state = DATA_DOT;
        return true;
    case DATA_MIDDLE:
        return put_byte(f, c);
    case DATA_CR:
        if (c == '\n') {
            data->state = DATA_LINE_START;
            return put(f, SLICE("\r\n"));
        }
        return put_bare(f, '\r') && put_byte(f, c);
    case DATA_DOT:
        return after_dot(f, c);
    case DATA_DOT_CR:
        if (c == '\n') {
            data->state = DATA_END;
            return true;
        }
        return put_bare(f, '\r') && put_byte(f, c);
    case DATA_END:
        break;
    }
    return true;
}

size_t smtp_data_feed(struct smtp_data *data, struct slice bytes, smtp_data_sink *sink, void *ctx)
{
    struct feeder f = {data, sink, ctx};
    size_t i = 0;
    while (i < bytes.len && data->state != DATA_END) {
        if (data->state == DATA_LINE_START || data->state == DATA_MIDDLE) {
            bool line_start = data->state == DATA_LINE_START;
            size_t run = smtp_data_plain_run(slice_from(bytes, i), &line_start, &data->high);
            if (run > 0) {
                if (!put(&f, slice_sub(bytes, i, i + run)))
                    return SIZE_MAX;
                data->state = line_start ? DATA_LINE_START : DATA_MIDDLE;
                i += run;
                continue;
            }
        }
        /* Something happens within the next block: byte by byte until a line has begun again. */
        do
            if (!step(&f, bytes.ptr[i++]))
                return SIZE_MAX;
        while (i < bytes.len && data->state != DATA_LINE_START && data->state != DATA_END);
    }
    return i;
}

bool smtp_data_finish(struct smtp_data *data, smtp_data_sink *sink, void *ctx)
{
    struct feeder f = {data, sink, ctx};
    if (data->state == DATA_CR && !put_bare(&f, '\r'))
        return false;
    return data->state == DATA_LINE_START || put(&f, SLICE("\r\n"));
}
