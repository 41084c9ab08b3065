/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_data.h"

#include <string.h>

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
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + (size_t)i * VECTOR));
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

/* ---- octet by octet ---- */

enum { GATHERED_MAX = 4096, LONG_RUN = 1024, CAREFUL = 128 };

enum octet { OTHER, HIGH, CR, LF, DOT, NUL, OCTETS = 8 };

/* What an octet does in a state: the next state in the low bits, whether it is content, and what it
 * shows. A CR counts as content at once; the feeder holds it back until its LF could come. */
enum {
    NEXT_STATE = 7,
    KEEP = 8,
    BARE_CR = 16,
    BARE_LF = 32,
    IS_NUL = 64,
    IS_HIGH = 128,
    DOTS = 256,
};

#define ROW(also, on_cr, on_lf, on_dot)                                                            \
    {                                                                                              \
        [OTHER] = DATA_MIDDLE | KEEP | (also), [HIGH] = DATA_MIDDLE | KEEP | IS_HIGH | (also),     \
        [CR] = (on_cr) | KEEP | (also), [LF] = (on_lf), [DOT] = (on_dot) | (also),                 \
        [NUL] = DATA_MIDDLE | KEEP | IS_NUL | (also)                                               \
    }

/* What follows a bare newline is never read as a dot that ends or is stuffed: the sender's line did
 * not begin there. A stuffed dot itself is dropped (RFC 5321 4.5.2). */
#define ROWS(dot_begins_line)                                                                      \
    {                                                                                              \
        [DATA_LINE_START] = ROW(0, DATA_CR, DATA_MIDDLE | KEEP | BARE_LF, dot_begins_line),        \
        [DATA_MIDDLE] = ROW(0, DATA_CR, DATA_MIDDLE | KEEP | BARE_LF, DATA_MIDDLE | KEEP),         \
        [DATA_CR] = ROW(BARE_CR, DATA_CR, DATA_LINE_START | KEEP, DATA_MIDDLE | KEEP),             \
        [DATA_DOT] = ROW(0, DATA_DOT_CR, DATA_MIDDLE | KEEP | BARE_LF, DATA_MIDDLE | KEEP | DOTS), \
        [DATA_DOT_CR] = ROW(BARE_CR, DATA_CR, DATA_END, DATA_MIDDLE | KEEP),                       \
    }

static const uint16_t moves[2][DATA_END][OCTETS] = {ROWS(DATA_DOT),
                                                    ROWS(DATA_MIDDLE | KEEP | DOTS)};

static enum octet octet_of(char c)
{
    static const unsigned char of_ascii[128] = {
        ['\r'] = CR, ['\n'] = LF, ['.'] = DOT, ['\0'] = NUL};
    return (unsigned char)c >= 0x80 ? HIGH : (enum octet)of_ascii[(unsigned char)c];
}

/* Content gathers here, so that the sink takes a few KiB at a time whatever the octets are. */
struct feeder {
    struct smtp_data *data;
    smtp_data_sink *sink;
    void *ctx;
    size_t gathered;
    char content[GATHERED_MAX];
};

/* A CR waits for its LF, and the content ends with it. */
static bool holds_cr(const struct feeder *f)
{
    return f->data->state == DATA_CR || f->data->state == DATA_DOT_CR;
}

static bool flush(struct feeder *f)
{
    size_t held = holds_cr(f) ? 1 : 0, n = f->gathered - held;
    f->gathered = held;
    if (n > 0 && !f->sink(f->ctx, (struct slice){f->content, n}))
        return false;
    f->content[0] = '\r';
    return true;
}

/* A run in which nothing happens. */
static bool take_run(struct feeder *f, struct slice run)
{
    bool is_long = run.len >= LONG_RUN;
    if ((is_long || run.len > GATHERED_MAX - f->gathered) && !flush(f))
        return false;
    if (is_long)
        return f->sink(f->ctx, run);
    memcpy(f->content + f->gathered, run.ptr, run.len);
    f->gathered += run.len;
    return true;
}

static void note(struct smtp_data *data, unsigned seen)
{
    data->bare_cr |= (seen & BARE_CR) != 0;
    data->bare_lf |= (seen & BARE_LF) != 0;
    data->nul |= (seen & IS_NUL) != 0;
    data->high |= (seen & IS_HIGH) != 0;
    /* Behind a newline that is made CRLF a dot may begin a line. */
    data->dots |= (seen & DOTS) || (data->normalise && (seen & (BARE_CR | BARE_LF)));
}

/* Reads up to the end of `bytes` (at most CAREFUL) or of the body. No branch depends on what a
 * sender mixes but for newlines that are normalised. Returns how many were read. */
static size_t take_octets(struct feeder *f, struct slice bytes)
{
    struct smtp_data *data = f->data;
    const uint16_t(*move)[OCTETS] = moves[data->chunked];
    const unsigned becomes_crlf = data->normalise ? BARE_CR | BARE_LF : 0;
    unsigned state = data->state, seen = 0;
    char *content = f->content;
    size_t n = f->gathered, i = 0;
    while (i < bytes.len && state != DATA_END) {
        char c = bytes.ptr[i++];
        unsigned step = move[state][octet_of(c)];
        if (step & becomes_crlf)
            content[n++] = step & BARE_LF ? '\r' : '\n';
        content[n] = c;
        n += (step & KEEP) != 0;
        state = step & NEXT_STATE;
        seen |= step;
    }
    f->gathered = state == DATA_END ? n - 1 : n; /* the CR of the end is no content */
    data->state = (enum smtp_data_state)state;
    note(data, seen);
    return i;
}

size_t smtp_data_feed(struct smtp_data *data, struct slice bytes, smtp_data_sink *sink, void *ctx)
{
    struct feeder f;
    f.data = data;
    f.sink = sink;
    f.ctx = ctx;
    f.content[0] = '\r';
    f.gathered = holds_cr(&f) ? 1 : 0;
    size_t i = 0;
    while (i < bytes.len && data->state != DATA_END) {
        bool line_start = data->state == DATA_LINE_START;
        size_t run = line_start || data->state == DATA_MIDDLE
                         ? smtp_data_plain_run(slice_from(bytes, i), &line_start, &data->high)
                         : 0;
        if (run > 0) {
            if (!take_run(&f, slice_sub(bytes, i, i + run)))
                return SIZE_MAX;
            data->state = line_start ? DATA_LINE_START : DATA_MIDDLE;
            i += run;
            continue;
        }
        /* Something happens within the next block. */
        if (GATHERED_MAX - f.gathered < 2 * CAREFUL + 1 && !flush(&f))
            return SIZE_MAX;
        i += take_octets(&f, slice_sub(bytes, i, i + CAREFUL));
    }
    return flush(&f) ? i : SIZE_MAX;
}

bool smtp_data_finish(struct smtp_data *data, smtp_data_sink *sink, void *ctx)
{
    if (data->state == DATA_CR) {
        data->bare_cr = true;
        data->state = DATA_MIDDLE;
        if (!sink(ctx, data->normalise ? SLICE("\r\n") : SLICE("\r")))
            return false;
    }
    return data->state == DATA_LINE_START || sink(ctx, SLICE("\r\n"));
}
