/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_held.h"

#include <stdlib.h>
#include <string.h>

bool imap_held_content(const struct imap_fetched_item *item, size_t *at, struct slice *out)
{
    if (imap_is_known(item->name) && !item->is_string)
        return false;
    bool passes = imap_is_known(item->name) && imap_item(item->name) == IMAP_ITEM_OTHER;
    return imap_fetched_string(item, at, out) &&
           !(passes && (!imap_names_header(item->name) || imap_is_header(*out)));
}

enum holds { NOTHING_OF_A_MESSAGE, CONTENT, UNREADABLE };

uint32_t imap_number(struct slice text)
{
    uint64_t n = 0;
    for (size_t i = 0; i < text.len && n <= UINT32_MAX; i++)
        n = text.ptr[i] >= '0' && text.ptr[i] <= '9' ? n * 10 + (uint64_t)(text.ptr[i] - '0')
                                                     : UINT64_MAX;
    return n <= UINT32_MAX ? (uint32_t)n : 0;
}

/* Of what cannot be read: a literal stands in it, or what looks like an item with content. */
static bool hides_content(struct slice rest)
{
    return slice_find(rest, '\n') + 1 < rest.len || imap_may_hold_content(rest);
}

static enum holds look(struct slice response, struct imap_held *out)
{
    struct imap_fetched_item item;
    struct slice content;
    enum holds holds = NOTHING_OF_A_MESSAGE;
    size_t at = 0;
    int found;
    while ((found = imap_fetched_item(response, &at, &item)) == 1) {
        size_t string = 0;
        if (slice_ieq(item.name, SLICE("UID")))
            out->uid = imap_number(item.value);
        else
            out->tells_more = true;
        if (!item.is_string && imap_item(item.name) != IMAP_ITEM_OTHER && item.value.len &&
            !slice_ieq(item.value, SLICE("NIL")))
            return UNREADABLE;
        if (!imap_held_content(&item, &string, &content))
            continue;
        holds = CONTENT;
        if (out->has_whole || imap_item(item.name) != IMAP_ITEM_WHOLE)
            continue;
        out->has_whole = true;
        out->whole = (size_t)(item.content.ptr - response.ptr);
        out->whole_len = item.content.len;
    }
    return found == -1 && hides_content(slice_from(response, at)) ? UNREADABLE : holds;
}

static bool fits(const struct imap_session *s, const struct imap_held *held)
{
    const struct imap_rendering *rendering = s->rendering;
    return rendering && held->uid && held->uid == rendering->uid;
}

static char *copy_of(struct slice octets)
{
    char *copy = malloc(octets.len);
    if (copy)
        memcpy(copy, octets.ptr, octets.len);
    return copy;
}

/* As it will be given. False: there is no room for it. */
static bool copy(struct imap_session *s, struct slice response)
{
    struct imap_held *held = s->held;
    session_wait(&s->reader.base);
    reader_upstream_pause(s->reader.upstream);
    char *text = held->in_pieces ? buf_take(&held->text) : copy_of(response);
    held->octets = imap_octets_new(text, response.len);
    if (!held->octets || !imap_octets_take_room(s, &held->taken, response.len)) {
        imap_held_withhold(s);
        return false;
    }
    held->octets->taken = held->taken;
    held->taken = 0;
    return true;
}

/* As it is. */
static void pass(struct imap_session *s, struct slice response)
{
    if (response.len > IMAP_HELD_SMALL) {
        if (copy(s, response))
            imap_held_give(s);
    } else {
        session_text(&s->reader.base, response);
        imap_held_end(s);
        imap_hold_back(s);
    }
}

static bool passes(struct imap_session *s, struct slice response)
{
    const struct imap_held *held = s->held;
    struct slice whole = slice_sub(response, held->whole, held->whole + held->whole_len);
    struct imap_unheld message = {held->number, held->uid, whole, whole.len};
    return held->has_whole && !held->is_ours && imap_passes_unheld(s, &message);
}

/* Its content waits for a verdict, or has one; or the message has to be read before. */
static void hold(struct imap_session *s, struct slice response)
{
    struct imap_held *held = s->held;
    if (held->has_whole && imap_looks_at(s, held->number, held->uid)) {
        imap_looked_at(s, slice_sub(response, held->whole, held->whole + held->whole_len));
        imap_held_end(s);
        return;
    }
    if (passes(s, response)) {
        pass(s, response);
        return;
    }
    const struct imap_rendering *rendering =
        fits(s, held) ? s->rendering : imap_barrier_rendering(s, held->number);
    if (!held->has_whole && !rendering && imap_barrier_postpones(s, held->number, held->uid))
        imap_held_end(s);
    else if (copy(s, response) && held->has_whole)
        imap_held_judge(s);
    else if (s->held)
        imap_held_show(s, rendering);
}

/* The whole response is there. */
void imap_held_whole(struct imap_session *s, struct slice response)
{
    struct imap_held *held = s->held;
    enum holds holds = look(response, held);
    bool ours = held->has_whole    ? imap_barrier_reads(s, held->number, held->uid)
                : held->tells_more ? false
                                   : imap_barrier_lists(s, held->number, held->uid);
    if (!s->reader.upstream) /* it has listed too much, and is given up with what was held */
        return;
    held->is_ours = ours;
    if (holds == UNREADABLE) {
        imap_out_of_step(s, "a FETCH response with content that nobody can read");
    } else if (holds == CONTENT) {
        hold(s, response);
    } else if (held->is_ours) {
        imap_held_end(s);
    } else {
        pass(s, response);
    }
}
