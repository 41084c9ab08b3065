/* SPDX-License-Identifier: ISC
 * What is said about held messages: by a proxy that was taken over, by one that has an errand, and by
 * somebody who may use the control socket. What can be read is the same when it is written again. */
#include "common/errand.h"
#include "common/held_entry.h"
#include "common/hold.h"
#include "tests/fuzz/target.h"

enum { ARENA = 16 << 20, ROOM = 8 << 20 };

static void try_request(struct slice octets, struct arena *arena)
{
    struct hold_request request, again;
    if (!hold_decode(octets, arena, &request))
        return;
    struct buf out = buf_init(ROOM);
    require(hold_encode(&out, &request));
    require(hold_decode(buf_slice(&out), arena, &again));
    require(again.recipient_count == request.recipient_count && again.place == request.place &&
            slice_eq(again.fields, request.fields) && slice_eq(again.relay, request.relay));
    buf_release(&out);
}

static void try_errand(struct slice octets)
{
    struct errand errand, again;
    if (!errand_unpack(octets, &errand))
        return;
    struct buf out = buf_init(ROOM);
    errand_pack(&out, &errand);
    require(!out.failed && errand_unpack(buf_slice(&out), &again));
    require(again.number == errand.number && slice_eq(again.field, errand.field));
    buf_release(&out);
}

static void try_entry(struct slice octets)
{
    struct held_entry entry, again;
    if (!held_entry_unpack(octets, &entry))
        return;
    struct buf out = buf_init(ROOM);
    held_entry_pack(&out, &entry);
    require(!out.failed && held_entry_unpack(buf_slice(&out), &again));
    require(again.state == entry.state && slice_eq(again.said, entry.said));
    require(*held_state_word(entry.state));
    buf_release(&out);
}

static void try_questions(struct slice octets)
{
    struct held_query query;
    struct held_name name;
    enum held_act act;
    struct ipc_message message = {.type = ERRAND_OVER, .payload = octets};
    struct errand_news news;
    if (held_query_unpack(octets, &query))
        require(query.most <= HELD_FOUND_MOST && query.place < HELD_PLACES);
    if (held_name_unpack(octets, &name))
        require(name.place < HELD_PLACES);
    if (held_act_unpack(octets, &name, &act))
        require(act <= HELD_REPORT && name.place < HELD_PLACES);
    if (errand_read_news(&message, &news))
        require(news.outcome <= ERRAND_DOUBTED);
}

FUZZ_WITH_ARENA(octets, ARENA)
{
    try_request(octets, arena);
    try_errand(octets);
    try_entry(octets);
    try_questions(octets);
}
