/* SPDX-License-Identifier: ISC
 * Which parts are shown first. A client shows one of several alternatives, so each that can take a banner has
 * it: the same mark in one of them is better than none in any. But what is signed stays without,
 * however else it is told. */
#include "filters/banner/banner_internal.h"
#include "filters/redaction_doubt.h"

struct search {
    struct arena *arena;
    const struct mime_message *message;
    struct banner_places *out;
    bool sealed;
    enum banner_state obstacle; /* the first of a text that cannot take it */
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
    struct banner_place place = {.part = (uint32_t)part->index};
    enum banner_state state = banner_leaf(s->arena, part, s->message->raw, &place);
    s->sealed |= state == BANNER_SEALED;
    if (state == BANNER_PLACED && s->out->count < BANNER_PLACES_MAX)
        s->out->items[s->out->count++] = place;
    else if (state != BANNER_PLACED && s->obstacle == BANNER_NO_TEXT)
        s->obstacle = state;
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

bool banner_find(struct arena *arena, const struct mime_message *message, struct banner_places *out)
{
    struct search s = {.arena = arena, .message = message, .out = out, .obstacle = BANNER_NO_TEXT};
    *out = (struct banner_places){.state = BANNER_IN_DOUBT};
    if (redaction_in_doubt(message))
        return true;
    take_part(&s, 0);
    if (s.sealed)
        out->count = 0;
    out->state = s.sealed ? BANNER_SEALED : out->count ? BANNER_PLACED : s.obstacle;
    return !arena_failed(arena);
}
