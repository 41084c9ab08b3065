/* SPDX-License-Identifier: ISC */
#include "console/held.h"

#include "console/command.h"
#include "console/found.h"

#include <string.h>

enum { PAGE = 1000 };

struct page_of_held {
    enum held_place place;
    void (*take)(void *ctx, const struct held_entry *entry);
    void *ctx;
    uint64_t last;
    size_t count;
};

static void take_one(void *ctx, struct slice octets)
{
    struct page_of_held *page = ctx;
    struct held_entry entry;
    if (!held_entry_unpack(octets, &entry))
        return;
    entry.place = page->place;
    page->last = entry.number;
    page->count++;
    page->take(page->ctx, &entry);
}

static bool ask_page(int sock, const struct held_query *query, struct page_of_held *page)
{
    struct buf question = buf_init(IPC_PAYLOAD_MAX);
    held_query_pack(&question, query);
    bool ok = !question.failed &&
              ask(sock, CONTROL_HELD, buf_slice(&question), take_one, page, &(uint64_t){0});
    buf_release(&question);
    return ok;
}

bool held_each(int sock, struct held_query *query, size_t most,
               void (*take)(void *ctx, const struct held_entry *entry), void *ctx)
{
    struct page_of_held page = {.place = query->place, .take = take, .ctx = ctx, .count = 1};
    size_t left = most;
    while (left && page.count) {
        page.count = 0;
        query->most = left < PAGE ? (uint32_t)left : PAGE;
        if (!ask_page(sock, query, &page))
            return false;
        left -= page.count;
        query->before = page.last;
        if (page.count < query->most)
            return true;
    }
    return true;
}

void held_by(struct held_query *query, const char *word)
{
    if (found_is_reference(slice_of(word)))
        query->reference = slice_of(word);
    else if (!slice_to_u64(slice_of(word), INT64_MAX, &query->number) || !query->number)
        query->text = slice_of(word);
}

/* ---- numbers ---- */

struct numbers {
    uint64_t *items;
    size_t room, count;
};

static void note(void *ctx, const struct held_entry *entry)
{
    struct numbers *numbers = ctx;
    if (numbers->count < numbers->room)
        numbers->items[numbers->count++] = entry->number;
}

/* False, with what is wrong said: it is neither number nor reference. */
static bool names_one(enum held_place place, const char *word, bool all, struct held_query *query)
{
    *query = (struct held_query){.place = place, .all = all};
    held_by(query, word);
    if (query->text.len)
        command_error(word, "expected a number or a reference, as list tells them");
    return query->text.len == 0;
}

bool held_numbers(int sock, enum held_place place, const char *word, bool all, uint64_t *items,
                  size_t room, size_t *count)
{
    struct held_query query;
    struct numbers numbers = {.items = items, .room = room};
    *count = 0;
    if (!names_one(place, word, all, &query) || !held_each(sock, &query, room, note, &numbers))
        return false;
    *count = numbers.count;
    if (numbers.count == 0)
        command_error(word, "nothing of that number or reference is held");
    return numbers.count > 0;
}

/* ---- one ---- */

struct choice {
    struct arena *arena;
    struct numbers numbers; /* of all */
    struct held_entry entry;
    bool chosen, several; /* several: not of one message */
};

static bool is_there(const struct held_entry *entry)
{
    return entry->state < HELD_DELIVERED;
}

static void choose(void *ctx, const struct held_entry *entry)
{
    struct choice *choice = ctx;
    note(&choice->numbers, entry);
    choice->several |= choice->chosen && choice->entry.id != entry->id;
    if (choice->chosen && (is_there(&choice->entry) || !is_there(entry)))
        return;
    struct buf packed = buf_init(IPC_PAYLOAD_MAX);
    held_entry_pack(&packed, entry);
    choice->chosen =
        held_entry_unpack(arena_copy(choice->arena, buf_slice(&packed)), &choice->entry);
    choice->entry.place = entry->place;
    buf_release(&packed);
}

static void leave_out(struct numbers *numbers, uint64_t number)
{
    size_t kept = 0;
    for (size_t i = 0; i < numbers->count; i++)
        if (numbers->items[i] != number)
            numbers->items[kept++] = numbers->items[i];
    numbers->count = kept;
}

bool held_one(int sock, enum held_place place, const char *word, struct arena *arena,
              struct held_entry *entry, uint64_t *others, size_t room, size_t *count)
{
    struct held_query query;
    struct choice choice = {.arena = arena, .numbers = {.items = others, .room = room}};
    if (!names_one(place, word, true, &query) || !held_each(sock, &query, room, choose, &choice))
        return false;
    *entry = choice.entry;
    if (choice.several)
        command_error(word, "there are several messages of that session: name one by its number");
    else if (!choice.chosen)
        command_error(word, "nothing of that number or reference is held");
    leave_out(&choice.numbers, entry->number);
    *count = choice.numbers.count;
    return choice.chosen && !choice.several;
}
