/* SPDX-License-Identifier: ISC */
#include "filters/text/message_text.h"

#include "filters/cpu_budget.h"
#include "filters/text/bodies.h"
#include "filters/text/word_set.h"

#include <stdlib.h>

enum { PLACES = 4096, PROBES_MAX = 16, HUNDRED = 100 };

/* The list that grows. */
struct listing {
    struct arena *arena;
    struct value *items;
    size_t count, room, octets;
    bool cut, full;
    uint16_t places[PLACES]; /* index + 1 of a paragraph with this digest */
};

/* Of one choice: what its plain texts say, and the others. */
struct comparing {
    struct word_set plain, html;
    bool has_plain, has_html;
    bool cut, differ, unknown;
};

struct task {
    struct listing *listing;     /* NULL: nobody asks */
    struct comparing *comparing; /* the same */
    const struct body *body;     /* the one that is read */
    struct paragraphs paragraphs;
    size_t left;
};

/* ---- paragraphs ---- */

/* A place for it, or NULL: it is there already. Only so many are looked at: that one stands there
 * twice is no harm. */
static uint16_t *place_for(struct listing *listing, struct slice text)
{
    uint64_t digest = 14695981039346656037u;
    for (size_t i = 0; i < text.len; i++)
        digest = (digest ^ (unsigned char)text.ptr[i]) * 1099511628211u;
    uint16_t *place = &listing->places[(digest ^ digest >> 32) % PLACES];
    for (size_t i = 0; i < PROBES_MAX && *place; i++) {
        if (slice_eq(listing->items[*place - 1].text, text))
            return NULL;
        place = &listing->places[((size_t)(place - listing->places) + 1) % PLACES];
    }
    return place;
}

static void list(struct listing *listing, struct slice text)
{
    if (listing->cut || listing->full)
        return;
    uint16_t *place = place_for(listing, text);
    if (!place)
        return;
    listing->cut =
        listing->count == TEXT_PARAGRAPHS_MAX || text.len > TEXT_OCTETS_MAX - listing->octets;
    if (listing->cut)
        return;
    struct value *items =
        arena_grow(listing->arena, listing->items, listing->count, &listing->room, sizeof *items);
    struct slice kept = arena_copy(listing->arena, text);
    listing->full = !items || !kept.ptr;
    if (listing->full)
        return;
    listing->items = items;
    items[listing->count++] = value_text(kept);
    listing->octets += text.len;
    *place = (uint16_t)listing->count;
}

static void take(void *ctx, struct slice text)
{
    struct task *task = ctx;
    if (task->listing)
        list(task->listing, text);
    if (task->comparing && task->body->choice >= 0)
        word_set_add(
            task->body->kind == BODY_HTML ? &task->comparing->html : &task->comparing->plain, text);
}

/* ---- choices ---- */

static void compare(struct comparing *c)
{
    size_t plain = c->plain.count, html = c->html.count, less = plain < html ? plain : html;
    bool whole = !c->cut && !c->plain.full && !c->html.full;
    if (whole && less >= TEXT_WORDS_LEAST)
        c->differ |= word_set_common(&c->plain, &c->html) * HUNDRED < less * TEXT_SAME_LEAST;
    c->unknown |= !whole && c->has_plain && c->has_html;
    c->cut = c->has_plain = c->has_html = false;
    word_set_clear(&c->plain);
    word_set_clear(&c->html);
}

/* Calendars and the like are neither. */
static bool is_compared(const struct body *body)
{
    return body->choice >= 0 && body->kind != BODY_CALENDAR;
}

/* ---- all of it ---- */

/* False: whatever this body says, nobody asks any more. */
static bool is_wanted(const struct task *task, const struct body *body)
{
    return (task->listing && !task->listing->cut) || (task->comparing && is_compared(body));
}

static bool read_body(struct task *task, const struct body *body)
{
    bool cut = true, ok = true;
    task->body = body;
    if (task->left > 0 && !cpu_budget_spent(0))
        ok = body_read(body, &task->left, &cut, &task->paragraphs);
    if (task->listing)
        task->listing->cut |= cut;
    if (task->comparing && is_compared(body)) {
        task->comparing->cut |= cut;
        task->comparing->has_html |= body->kind == BODY_HTML;
        task->comparing->has_plain |= body->kind == BODY_PLAIN;
    }
    return ok && !(task->listing && task->listing->full);
}

static bool read_bodies(struct task *task, const struct body *bodies, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_wanted(task, &bodies[i]) && !read_body(task, &bodies[i]))
            return false;
        bool last = i + 1 == count || bodies[i + 1].choice != bodies[i].choice;
        if (task->comparing && last && bodies[i].choice >= 0)
            compare(task->comparing);
    }
    return true;
}

/* Parts were left out. */
static bool lacks_parts(const struct mime_message *message)
{
    const struct malformations *odd = &message->malformations;
    return malformations_has(odd, MALFORMATION_TOO_MANY_PARTS) ||
           malformations_has(odd, MALFORMATION_TOO_DEEP) ||
           malformations_has(odd, MALFORMATION_TOO_MUCH_WORK);
}

static struct value told_apart(const struct comparing *c)
{
    return c->unknown && !c->differ ? value_unknown() : value_bool(c->differ);
}

bool message_text(struct arena *arena, const struct mime_message *message, struct value *text,
                  struct value *differ)
{
    size_t count = 0;
    const struct body *bodies = bodies_of(arena, message, &count);
    struct task *task = calloc(1, sizeof *task);
    struct listing *listing = text ? calloc(1, sizeof *listing) : NULL;
    struct comparing *comparing = differ ? calloc(1, sizeof *comparing) : NULL;
    bool ok = bodies && task && (listing || !text) && (comparing || !differ);
    if (ok) {
        *task = (struct task){.listing = listing, .comparing = comparing, .left = TEXT_READ_MAX};
        task->paragraphs.take = take;
        task->paragraphs.ctx = task;
        if (listing)
            listing->arena = arena;
        ok = read_bodies(task, bodies, count);
    }
    if (ok && comparing)
        comparing->unknown |= lacks_parts(message);
    if (ok && text)
        *text = (struct value){.state = VALUE_KNOWN,
                               .list = {.items = listing->items,
                                        .count = listing->count,
                                        .cut = listing->cut || lacks_parts(message)}};
    if (ok && differ)
        *differ = told_apart(comparing);
    free(task);
    free(listing);
    free(comparing);
    return ok;
}
