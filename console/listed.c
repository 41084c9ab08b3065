/* SPDX-License-Identifier: ISC */
#include "console/listed.h"

#include "base/json.h"

#include <inttypes.h>

struct page_of_entries {
    void (*take)(void *ctx, const struct list_entry *entry);
    void *ctx;
    uint64_t last;
};

static bool ask_number(int sock, enum control_message question, uint64_t number,
                       void (*heard)(void *ctx, struct slice octets), void *ctx)
{
    char room[16];
    struct buf payload = buf_over(room, sizeof room);
    pack_u64(&payload, number);
    return ask(sock, question, buf_slice(&payload), heard, ctx, &(uint64_t){0});
}

static void take(void *ctx, struct slice octets)
{
    struct page_of_entries *page = ctx;
    struct list_entry entry;
    if (!list_entry_unpack(octets, &entry))
        return;
    page->last = entry.number;
    page->take(page->ctx, &entry);
}

bool listed_each(int sock, void (*each)(void *ctx, const struct list_entry *entry), void *ctx)
{
    struct page_of_entries page = {.take = each, .ctx = ctx};
    uint64_t before;
    do {
        before = page.last;
        if (!ask_number(sock, CONTROL_LIST, before, take, &page))
            return false;
    } while (page.last > before);
    return true;
}

void listed_json(struct buf *out, const struct list_entry *e)
{
    const struct {
        const char *name;
        struct slice text;
    } texts[] = {{"list", slice_of(list_word(e->kind))},
                 {"sender", e->sender},
                 {"for", e->scope},
                 {"reason", e->reason},
                 {"by", e->author}};
    buf_printf(out, "{\"number\":%" PRIu64 ",\"added\":%" PRId64 ",\"until\":%" PRId64, e->number,
               e->added, e->until);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_key(out, slice_of(texts[i].name));
        json_text(out, texts[i].text);
    }
    buf_char(out, '}');
}

static void ignore(void *ctx, struct slice octets)
{
    (void)ctx, (void)octets;
}

bool listed_remove(int sock, uint64_t number)
{
    return ask_number(sock, CONTROL_LIST_REMOVE, number, ignore, NULL);
}
