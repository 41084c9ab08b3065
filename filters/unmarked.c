/* SPDX-License-Identifier: ISC */
#include "filters/unmarked.h"

#include "filters/mime/headers.h"
#include "filters/mime/words.h"
#include "policy/marks.h"

enum { PREFIXES_MOST = 8, WORDS_MOST = 4, SUBJECT_MOST = 4096 };

/* ---- the subject ---- */

/* Encoded words at its beginning that are a prefix as a whole, with the blank behind them. */
static size_t encoded_prefix(struct slice subject, const struct policy *policy, struct arena *arena)
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
        if (whole.ptr && policy_prefix_of(policy, whole) >= text.len)
            return end;
    }
    return 0;
}

static size_t one_prefix(struct slice subject, const struct policy *policy, struct arena *arena)
{
    size_t plain = policy_prefix_of(policy, subject);
    return plain ? plain : encoded_prefix(subject, policy, arena);
}

/* All of them, as one was put before the other. */
static size_t prefixes(struct slice value, const struct policy *policy, struct arena *arena)
{
    struct slice subject = slice_sub(value, 0, SUBJECT_MOST);
    size_t blank = subject.len && subject.ptr[0] == ' ', at = blank, more = 1;
    for (int i = 0; i < PREFIXES_MOST && more; i++) {
        more = one_prefix(slice_from(subject, at), policy, arena);
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

static bool put_field(const struct header *field, const struct policy *policy, struct arena *arena,
                      put_octets *put, void *ctx)
{
    if (policy_sets_field(policy, field->name))
        return true;
    size_t prefix =
        slice_ieq(field->name, SLICE("Subject")) ? prefixes(field->value, policy, arena) : 0;
    return prefix ? put_subject(field, prefix, put, ctx) : put(ctx, field->raw);
}

bool unmarked(struct slice message, const struct policy *policy, struct arena *arena,
              bool (*put)(void *ctx, struct slice octets), void *ctx)
{
    struct slice block = headers_block(message, NULL);
    size_t from = (size_t)(block.ptr - message.ptr), to = from + block.len;
    struct header field;
    if (block.len == 0)
        return put(ctx, message);
    if (!put(ctx, slice_sub(message, 0, from)))
        return false;
    while (headers_next(&block, &field))
        if (!put_field(&field, policy, arena, put, ctx))
            return false;
    return put(ctx, slice_from(message, to));
}

/* ---- whether there are any ---- */

static bool count(void *ctx, struct slice octets)
{
    *(size_t *)ctx += octets.len;
    return true;
}

bool is_marked(struct slice message, const struct policy *policy, struct arena *arena)
{
    size_t left = 0;
    struct slice header = headers_block(message, NULL);
    unmarked(header, policy, arena, count, &left);
    return left < header.len;
}
