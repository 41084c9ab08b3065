/* SPDX-License-Identifier: ISC
 * A message with a banner, and whether it is otherwise what it was, as our own parser reads both. */
#ifndef TESTS_FILTERS_BANNER_BANNER_KIT_H
#define TESTS_FILTERS_BANNER_BANNER_KIT_H

#include "filters/banner/banner_edits.h"
#include "filters/mime/charset.h"

#include <string.h>

enum { KIT_CONTENT_MAX = 64 << 20 };

struct bannered {
    struct mime_message before, after;
    struct banner_sites sites;
    struct banner_result result;
    struct slice message; /* with the banner */
};

static struct slice kit_spliced(struct arena *arena, struct slice message,
                                const struct banner_result *result)
{
    struct slice out = slice_sub(message, 0, result->count ? result->changes[0].from : message.len);
    for (size_t i = 0; i < result->count; i++) {
        size_t next = i + 1 < result->count ? result->changes[i + 1].from : message.len;
        out = ARENA_JOIN(arena, out, result->changes[i].literal,
                         slice_sub(message, result->changes[i].to, next));
    }
    return out;
}

/* False: out of memory, or there is no message. */
static bool kit_apply(struct arena *arena, struct slice message, const struct edit *edits,
                      size_t count, struct bannered *out)
{
    struct banner_input input = {.message = message,
                                 .eight_bit = !slice_is_ascii(message),
                                 .sites = &out->sites,
                                 .edits = edits,
                                 .edit_count = count};
    *out = (struct bannered){.message = message};
    if (!mime_parse(arena, message, &mime_limits_default, &out->before) ||
        !banner_find(arena, &out->before, &out->sites) ||
        !banner_edits(arena, &input, &out->result))
        return false;
    out->message = kit_spliced(arena, message, &out->result);
    return out->message.ptr && mime_parse(arena, out->message, &mime_limits_default, &out->after) &&
           !arena_failed(arena);
}

static struct slice kit_content(struct arena *arena, const struct mime_part *part)
{
    struct slice content = {NULL, 0};
    bool cut;
    struct malformations odd = {{0}};
    mime_decode(part, arena, KIT_CONTENT_MAX, &content, &cut, &odd);
    return content;
}

static bool kit_is_marked(const struct bannered *b, size_t part)
{
    for (int spot = 0; spot < BANNER_SPOTS; spot++)
        for (size_t i = 0; i < b->sites.of[spot].count; i++)
            if (b->sites.of[spot].items[i].part == part &&
                b->result.fates[spot].state == BANNER_PLACED)
                return true;
    return false;
}

/* What was there before is there after, with something between: at most `most` octets that only
 * `after` has. */
static bool kit_holds(struct slice after, struct slice before)
{
    size_t head = 0, tail = 0;
    if (after.len < before.len)
        return false;
    while (head < before.len && after.ptr[head] == before.ptr[head])
        head++;
    while (tail < before.len - head &&
           after.ptr[after.len - 1 - tail] == before.ptr[before.len - 1 - tail])
        tail++;
    return head + tail == before.len;
}

/* The same parts, of the same types, and in those that are not marked the same octets. NULL: so it
 * is; else what is not. */
static const char *kit_difference(struct arena *arena, const struct bannered *b)
{
    if (b->before.n != b->after.n)
        return "the number of parts";
    for (size_t i = 0; i < b->before.n; i++) {
        const struct mime_part *x = &b->before.parts[i], *y = &b->after.parts[i];
        if (x->kind != y->kind || x->parent != y->parent || !slice_eq(x->type, y->type) ||
            x->encoding != y->encoding || x->n_names != y->n_names)
            return "the kind of a part";
        if (!slice_eq(x->headers, y->headers))
            return "the header of a part";
        if (x->kind != MIME_LEAF)
            continue;
        bool marked = kit_is_marked(b, i);
        if (!marked && !slice_eq(x->content, y->content))
            return "the content of another part";
        if (marked && !kit_holds(kit_content(arena, y), kit_content(arena, x)))
            return "the rest of a marked part";
    }
    return NULL;
}

#endif
