/* SPDX-License-Identifier: ISC */
#include "filters/unmarked.h"

#include "filters/mime/headers.h"
#include "filters/mime/words.h"

#include <string.h>

enum {
    PREFIXES_MOST = 8,
    WORDS_MOST = 4,
    SUBJECT_MOST = 4096,
    HEADER_MOST = 1024 * 1024, /* that is looked through: what we add stands at the top */
    SUBJECTS_MOST = 4,         /* that are looked at, of a header that has more than one */
    SCRATCH = 512 * 1024,      /* to decode one in */
};

struct unmarking {
    const struct marks *marks;
    unsigned subjects; /* are still to be looked at */
};

/* ---- the subject ---- */

/* Encoded words at its beginning that are a prefix as a whole, with the blank behind them. */
static size_t encoded_prefix(struct slice subject, const struct marks *marks, struct arena *arena)
{
    struct malformations odd = {{0}};
    size_t end = 0;
    if (!slice_starts(subject, SLICE("=?")))
        return 0;
    for (int words = 0; words < WORDS_MOST; words++) {
        size_t next = slice_search(slice_from(subject, end), SLICE("?= "));
        if (next >= subject.len - end)
            return 0;
        end += next + 3;
        struct slice text = words_decode(arena, slice_sub(subject, 0, end - 1), &odd);
        struct slice whole = text.ptr ? ARENA_JOIN(arena, text, SLICE(" ")) : text;
        if (whole.ptr && marks_prefix_of(marks, whole) >= text.len)
            return end;
    }
    return 0;
}

static size_t one_prefix(struct slice subject, const struct marks *marks, struct arena *arena)
{
    size_t plain = marks_prefix_of(marks, subject);
    return plain ? plain : encoded_prefix(subject, marks, arena);
}

/* All of them, as one was put before the other. */
static size_t prefixes(struct slice value, const struct marks *marks, struct arena *arena)
{
    struct slice subject = slice_sub(value, 0, SUBJECT_MOST);
    size_t blank = subject.len && subject.ptr[0] == ' ', at = blank, more = 1;
    for (int i = 0; i < PREFIXES_MOST && more; i++) {
        more = one_prefix(slice_from(subject, at), marks, arena);
        at += more;
    }
    return at - blank;
}

/* ---- fields ---- */

typedef bool put_octets(void *ctx, struct slice octets);

static bool put_subject(const struct header *field, size_t prefix, put_octets *put, void *ctx)
{
    size_t value = (size_t)(field->value.ptr - field->raw.ptr);
    value += field->value.len && field->value.ptr[0] == ' ';
    return put(ctx, slice_sub(field->raw, 0, value)) &&
           put(ctx, slice_from(field->raw, value + prefix));
}

/* How much of a Subject is a prefix. */
static size_t prefix_of(struct unmarking *u, const struct header *field)
{
    if (u->subjects == 0 || !slice_ieq(field->name, SLICE("Subject")))
        return 0;
    u->subjects--;
    struct arena *scratch = arena_new(SCRATCH);
    size_t prefix = scratch ? prefixes(field->value, u->marks, scratch) : 0;
    arena_free(&scratch);
    return prefix;
}

static bool put_field(struct unmarking *u, const struct header *field, put_octets *put, void *ctx)
{
    if (marks_have_field(u->marks, field->name))
        return true;
    size_t prefix = prefix_of(u, field);
    return prefix ? put_subject(field, prefix, put, ctx) : put(ctx, field->raw);
}

bool unmarked(struct slice message, const struct marks *marks,
              bool (*put)(void *ctx, struct slice octets), void *ctx)
{
    struct unmarking u = {marks, marks->piece_count ? SUBJECTS_MOST : 0};
    struct slice block = headers_block(message, NULL);
    size_t from = (size_t)(block.ptr - message.ptr), to = from + block.len;
    struct header field;
    if (block.len == 0)
        return put(ctx, message);
    if (!put(ctx, slice_sub(message, 0, from)))
        return false;
    while (headers_next(&block, &field)) {
        size_t at = (size_t)(field.raw.ptr - message.ptr);
        if (at > from + HEADER_MOST)
            return put(ctx, slice_from(message, at));
        if (!put_field(&u, &field, put, ctx))
            return false;
    }
    return put(ctx, slice_from(message, to));
}

/* ---- whether there are any ---- */

static bool count(void *ctx, struct slice octets)
{
    *(size_t *)ctx += octets.len;
    return true;
}

bool is_marked(struct slice message, const struct marks *marks)
{
    size_t left = 0;
    struct slice header = headers_block(message, NULL);
    return !unmarked(header, marks, count, &left) || left < header.len;
}

/* ---- in memory ---- */

struct rest {
    char *octets;
    size_t len;
};

static bool add_octets(void *ctx, struct slice octets)
{
    struct rest *rest = ctx;
    if (octets.len)
        memcpy(rest->octets + rest->len, octets.ptr, octets.len);
    rest->len += octets.len;
    return true;
}

bool unmarked_in(struct arena *arena, struct slice *message, const struct marks *marks)
{
    if (!is_marked(*message, marks))
        return true;
    struct rest rest = {.octets = arena_alloc(arena, message->len)};
    if (!rest.octets)
        return false;
    unmarked(*message, marks, add_octets, &rest);
    *message = (struct slice){rest.octets, rest.len};
    return true;
}
