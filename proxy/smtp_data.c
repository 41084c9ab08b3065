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

enum { BLOCK = 16 };

struct block_masks {
    unsigned cr, lf, dot, nul, high;
};

static unsigned mask_of(__m128i block, char c)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(c)));
}

static struct block_masks masks_at(const char *p)
{
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)p);
    return (struct block_masks){mask_of(block, '\r'), mask_of(block, '\n'), mask_of(block, '.'),
                                mask_of(block, '\0'), (unsigned)_mm_movemask_epi8(block)};
}

size_t smtp_data_plain_run(struct slice bytes, bool *line_start, bool *high)
{
    unsigned cr_before = 0,
             lf_before = *line_start; /* as bit 0, carried over from the block before */
    unsigned any_high = 0;
    size_t i = 0;
    for (; i + BLOCK <= bytes.len; i += BLOCK) {
        struct block_masks m = masks_at(bytes.ptr + i);
        unsigned lf_due = (m.cr << 1 | cr_before) & 0xffff;
        unsigned starts = (m.lf << 1 | lf_before) & 0xffff;
        if (m.nul | (m.lf ^ lf_due) | (m.dot & starts))
            break;
        any_high |= m.high;
        cr_before = m.cr >> 15;
        lf_before = m.lf >> 15;
    }
    if (cr_before) /* its LF is not known yet: leave it */
        i--;
    if (i > 0)
        *line_start = bytes.ptr[i - 1] == '\n';
    if (any_high)
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
