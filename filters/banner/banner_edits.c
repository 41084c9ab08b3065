/* SPDX-License-Identifier: ISC */
#include "filters/banner/banner_edits.h"

#include "filters/mime/headers.h"

static bool leaves(const struct verdict *v)
{
    return v->action == ACTION_ACCEPT || v->action == ACTION_REDIRECT ||
           (v->action == ACTION_QUARANTINE && v->bcc_count > 0);
}

/* Where it stands; SPOTS: it is another change. */
static enum banner_spot spot_of(const struct edit *edit)
{
    return edit->kind == ACTION_BANNER       ? BANNER_TOP
           : edit->kind == ACTION_DISCLAIMER ? BANNER_BOTTOM
                                             : BANNER_SPOTS;
}

bool banner_is_given(const struct verdict *verdict)
{
    for (size_t i = 0; leaves(verdict) && i < verdict->edit_count; i++)
        if (spot_of(&verdict->edits[i]) != BANNER_SPOTS)
            return true;
    return false;
}

static struct banner_texts texts_of(const struct banner_input *in, enum banner_spot spot)
{
    struct banner_texts texts = {.spot = spot};
    for (size_t i = 0; i < in->edit_count && texts.count < BANNER_TEXTS_MAX; i++)
        if (spot_of(&in->edits[i]) == spot && judge_keeps_edit(&in->edits[i], in->differ))
            texts.items[texts.count++] = in->edits[i].value;
    return texts;
}

static bool holds(const struct part_range *part, const struct banner_place *place)
{
    return place->part == part->part || (place->at >= part->header && place->at <= part->end);
}

static bool is_stripped(const struct banner_input *in, const struct banner_place *place)
{
    for (size_t i = 0; i < in->edit_count; i++) {
        if (in->edits[i].kind != ACTION_STRIP)
            continue;
        for (size_t k = 0; k < in->part_count; k++)
            if (in->parts[k].part == in->edits[i].part && holds(&in->parts[k], place))
                return true;
    }
    return false;
}

/* Whoever says where the places are, none is in the header. */
static bool is_in_body(const struct banner_input *in, const struct banner_place *place)
{
    size_t body;
    headers_block(in->message, &body);
    return place->at >= body;
}

static enum banner_state put(struct arena *arena, const struct banner_input *in,
                             const struct banner_place *place, const struct banner_texts *texts,
                             struct banner_change *out)
{
    if (is_stripped(in, place))
        return BANNER_STRIPPED;
    if (!is_in_body(in, place))
        return BANNER_IN_DOUBT;
    return banner_write(arena, in->message, in->eight_bit, place, texts, out);
}

struct putting {
    struct arena *arena;
    const struct banner_input *in;
    struct banner_texts texts[BANNER_SPOTS];
    size_t next[BANNER_SPOTS]; /* places */
    uint64_t end;              /* of the last change */
    struct banner_result *out;
};

/* In each that can take it; the state is PLACED when one could, else that of the first. */
static void put_next(struct putting *p, enum banner_spot spot)
{
    size_t number = p->next[spot]++;
    const struct banner_place *place = &p->in->sites->of[spot].items[number];
    struct banner_fate *fate = &p->out->fates[spot];
    struct banner_change change;
    enum banner_state state = place->at < p->end
                                  ? BANNER_IN_DOUBT
                                  : put(p->arena, p->in, place, &p->texts[spot], &change);
    if (number == 0 || state == BANNER_PLACED)
        fate->state = state;
    if (state != BANNER_PLACED)
        return;
    (place->html ? &fate->html : &fate->plain)[0] = true;
    p->end = change.to;
    if (!change.there)
        p->out->changes[p->out->count++] = change;
}

/* Where the next place comes; SPOTS: there is none. */
static enum banner_spot next_spot(const struct putting *p)
{
    enum banner_spot first = BANNER_SPOTS;
    uint64_t at = UINT64_MAX;
    for (int spot = 0; spot < BANNER_SPOTS; spot++) {
        const struct banner_places *places = &p->in->sites->of[spot];
        size_t next = p->next[spot];
        if (p->texts[spot].count == 0 || next == places->count || places->items[next].at >= at)
            continue;
        first = (enum banner_spot)spot;
        at = places->items[next].at;
    }
    return first;
}

bool banner_edits(struct arena *arena, const struct banner_input *input, struct banner_result *out)
{
    struct putting p = {.arena = arena, .in = input, .out = out};
    *out = (struct banner_result){.count = 0};
    for (int spot = 0; spot < BANNER_SPOTS; spot++) {
        p.texts[spot] = texts_of(input, (enum banner_spot)spot);
        out->fates[spot].state = input->sites->of[spot].state;
    }
    for (enum banner_spot spot = next_spot(&p); spot != BANNER_SPOTS; spot = next_spot(&p))
        put_next(&p, spot);
    return !arena_failed(arena);
}

const char *banner_fate(const struct banner_result *result, const struct edit *edit, bool differ)
{
    enum banner_spot spot = spot_of(edit);
    if (spot != BANNER_SPOTS && !judge_keeps_edit(edit, differ))
        return banner_state_word(BANNER_DIFFERS);
    if (spot == BANNER_SPOTS || !result)
        return NULL;
    const struct banner_fate *fate = &result->fates[spot];
    if (fate->state != BANNER_PLACED)
        return banner_state_word(fate->state);
    return fate->plain && fate->html ? "in text and HTML" : fate->html ? "in HTML" : "in text";
}
