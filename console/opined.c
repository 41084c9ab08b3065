/* SPDX-License-Identifier: ISC */
#include "console/opined.h"

#include "base/json.h"

#include <inttypes.h>

struct page_of_opinions {
    void (*take)(void *ctx, const struct opinion *opinion);
    void *ctx;
    uint64_t last;
};

static void take(void *ctx, struct slice octets)
{
    struct page_of_opinions *page = ctx;
    struct opinion opinion;
    if (!opinion_unpack(octets, &opinion))
        return;
    page->last = opinion.number;
    page->take(page->ctx, &opinion);
}

bool opined_each(int sock, struct slice address,
                 void (*each)(void *ctx, const struct opinion *opinion), void *ctx)
{
    struct page_of_opinions page = {.take = each, .ctx = ctx};
    struct buf payload = buf_init(4096);
    uint64_t above;
    bool ok;
    do {
        above = page.last;
        buf_clear(&payload);
        pack_u64(&payload, above);
        pack_slice(&payload, address);
        ok = !payload.failed &&
             ask(sock, CONTROL_OPINIONS, buf_slice(&payload), take, &page, &(uint64_t){0});
    } while (ok && page.last > above);
    buf_release(&payload);
    return ok;
}

void opined_message(struct buf *out, const struct opinion *o)
{
    for (size_t i = 0; i < OPINION_MESSAGE; i++)
        buf_printf(out, "%02x", o->message[i]);
}

void opined_json(struct buf *out, const struct opinion *o)
{
    buf_printf(out, "{\"number\":%" PRIu64 ",\"time\":%" PRId64 ",\"junk\":%s", o->number, o->time,
               o->junk ? "true" : "false");
    json_key(out, SLICE("how"));
    json_text(out, slice_of(opinion_how_word(o->how)));
    json_key(out, SLICE("reference"));
    json_text(out, o->reference);
    json_key(out, SLICE("account"));
    json_text(out, o->account);
    buf_cstr(out, ",\"message\":\"");
    opined_message(out, o);
    buf_cstr(out, "\"}");
}
