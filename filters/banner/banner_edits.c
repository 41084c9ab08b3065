/* SPDX-License-Identifier: ISC */
#include "filters/banner/banner_edits.h"

#include "filters/mime/headers.h"

static bool leaves(const struct verdict *v)
{
    return v->action == ACTION_ACCEPT || v->action == ACTION_REDIRECT ||
           (v->action == ACTION_QUARANTINE && v->bcc_count > 0);
}

bool banner_is_given(const struct verdict *verdict)
{
    for (size_t i = 0; leaves(verdict) && i < verdict->edit_count; i++)
        if (verdict->edits[i].kind == ACTION_BANNER)
            return true;
    return false;
}

static size_t texts_of(const struct banner_input *in, struct slice texts[static BANNER_TEXTS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < in->edit_count && count < BANNER_TEXTS_MAX; i++)
        if (in->edits[i].kind == ACTION_BANNER && judge_keeps_edit(&in->edits[i], in->differ))
            texts[count++] = in->edits[i].value;
    return count;
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
                             const struct banner_place *place, const struct slice *texts,
                             size_t count, struct banner_change *out)
{
    if (is_stripped(in, place))
        return BANNER_STRIPPED;
    if (!is_in_body(in, place))
        return BANNER_IN_DOUBT;
    return banner_write(arena, in->message, in->eight_bit, place, texts, count, out);
}

/* In each that can take it; the state is PLACED when one could, else that of the first. */
static void put_all(struct arena *arena, const struct banner_input *in, const struct slice *texts,
                    size_t count, struct banner_result *out)
{
    uint64_t end = 0;
    for (size_t i = 0; i < in->places->count; i++) {
        const struct banner_place *place = &in->places->items[i];
        struct banner_change change;
        enum banner_state state =
            place->at < end ? BANNER_IN_DOUBT : put(arena, in, place, texts, count, &change);
        if (i == 0 || state == BANNER_PLACED)
            out->state = state;
        if (state != BANNER_PLACED)
            continue;
        (place->html ? &out->html : &out->plain)[0] = true;
        end = change.to;
        if (!change.there)
            out->changes[out->count++] = change;
    }
}

bool banner_edits(struct arena *arena, const struct banner_input *input, struct banner_result *out)
{
    struct slice texts[BANNER_TEXTS_MAX];
    size_t count = texts_of(input, texts);
    *out = (struct banner_result){.state = input->places->state};
    if (count > 0)
        put_all(arena, input, texts, count, out);
    return !arena_failed(arena);
}

const char *banner_fate(const struct banner_result *result, const struct edit *banner, bool differ)
{
    if (!judge_keeps_edit(banner, differ))
        return banner_state_word(BANNER_DIFFERS);
    if (result->state != BANNER_PLACED)
        return banner_state_word(result->state);
    return result->plain && result->html ? "in text and HTML"
           : result->html                ? "in HTML"
                                         : "in text";
}
