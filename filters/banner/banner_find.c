/* SPDX-License-Identifier: ISC
 * Which parts are shown first. A client shows one of several alternatives, so each that can take a banner has
 * it: the same mark in one of them is better than none in any. But what is signed stays without,
 * however else it is told. */
#include "filters/banner/banner_internal.h"
#include "filters/redaction_doubt.h"

struct search {
    struct arena *arena;
    const struct mime_message *message;
    struct banner_sites *out;
    bool sealed;
    enum banner_state obstacle[BANNER_SPOTS]; /* the first of a text that cannot take it */
};

/* What a part is to those who look for the first text. */
enum shows { SHOWS_NOTHING, SHOWS_TEXT, SHOWS_FIRST, SHOWS_ALL, SHOWS_SEALED };

static bool is(const struct mime_part *part, const char *type)
{
    return slice_eq(part->type, slice_of(type));
}

static enum shows shows_of(const struct mime_part *part)
{
    if (part->sealed || is(part, "multipart/signed") || is(part, "multipart/encrypted"))
        return SHOWS_SEALED;
    if (part->attachment || slice_eq(part->disposition, SLICE("attachment")) || !part->in_message ||
        part->kind == MIME_MESSAGE || is(part, "multipart/report") || is(part, "multipart/digest"))
        return SHOWS_NOTHING;
    if (part->kind == MIME_MULTIPART)
        return is(part, "multipart/alternative") ? SHOWS_ALL : SHOWS_FIRST;
    return is(part, "text/plain") || is(part, "text/html") ? SHOWS_TEXT : SHOWS_NOTHING;
}

static void take_leaf(struct search *s, const struct mime_part *part)
{
    struct banner_leaf leaf[BANNER_SPOTS];
    banner_leaf(s->arena, part, s->message->raw, leaf);
    for (int spot = 0; spot < BANNER_SPOTS; spot++) {
        struct banner_places *places = &s->out->of[spot];
        s->sealed |= leaf[spot].state == BANNER_SEALED;
        if (leaf[spot].state == BANNER_PLACED && places->count < BANNER_PLACES_MAX)
            places->items[places->count++] = leaf[spot].place;
        else if (leaf[spot].state != BANNER_PLACED && s->obstacle[spot] == BANNER_NO_TEXT)
            s->obstacle[spot] = leaf[spot].state;
    }
}

/* Those below a part stand behind it, until one whose parent stands before it. */
static size_t end_below(const struct mime_message *message, size_t number)
{
    size_t end = number + 1;
    while (end < message->n && message->parts[end].parent >= (int)number)
        end++;
    return end;
}

static bool take_part(struct search *s, size_t number);

/* As deep as mime_limits let parts be nested. True: something in it is shown. */
static bool take_parts(struct search *s, size_t number, bool all)
{
    bool any = false;
    size_t end = end_below(s->message, number);
    for (size_t i = number + 1; i < end && (all || !any); i++)
        if (s->message->parts[i].parent == (int)number)
            any = take_part(s, i) || any;
    return any;
}

static bool take_part(struct search *s, size_t number)
{
    const struct mime_part *part = &s->message->parts[number];
    enum shows shows = shows_of(part);
    if (shows == SHOWS_ALL || shows == SHOWS_FIRST)
        return take_parts(s, number, shows == SHOWS_ALL);
    if (shows == SHOWS_TEXT)
        take_leaf(s, part);
    s->sealed |= shows == SHOWS_SEALED;
    return shows != SHOWS_NOTHING;
}

static void conclude(struct search *s)
{
    for (int spot = 0; spot < BANNER_SPOTS; spot++) {
        struct banner_places *places = &s->out->of[spot];
        if (s->sealed)
            places->count = 0;
        places->state = s->sealed       ? BANNER_SEALED
                        : places->count ? BANNER_PLACED
                                        : s->obstacle[spot];
    }
}

bool banner_find(struct arena *arena, const struct mime_message *message, struct banner_sites *out)
{
    struct search s = {.arena = arena,
                       .message = message,
                       .out = out,
                       .obstacle = {BANNER_NO_TEXT, BANNER_NO_TEXT}};
    *out = (struct banner_sites){.of = {{.state = BANNER_IN_DOUBT}, {.state = BANNER_IN_DOUBT}}};
    if (redaction_in_doubt(message))
        return true;
    take_part(&s, 0);
    conclude(&s);
    return !arena_failed(arena);
}
