/* SPDX-License-Identifier: ISC */
#include "common/held_entry.h"

const char *held_state_word(enum held_state state)
{
    static const char *const words[] = {
        [HELD_WAITING] = "waiting",  [HELD_LEAVING] = "leaving",     [HELD_AWAY] = "away",
        [HELD_DOUBTED] = "in doubt", [HELD_DELIVERED] = "delivered", [HELD_DELETED] = "deleted",
        [HELD_EXPIRED] = "expired",
    };
    return state >= HELD_WAITING && state <= HELD_EXPIRED ? words[state] : "?";
}

/* ---- entries ---- */

enum { NUMBERS = 9, TEXTS = 11 };

void held_entry_pack(struct buf *out, const struct held_entry *e)
{
    const uint64_t numbers[NUMBERS] = {e->number,
                                       e->id,
                                       e->state,
                                       (uint64_t)e->arrived,
                                       (uint64_t)e->until,
                                       (uint64_t)e->asked,
                                       e->size,
                                       e->octets,
                                       e->attempt};
    const struct slice texts[TEXTS] = {e->reference, e->client,     e->sender,  e->author,
                                       e->subject,   e->message_id, e->address, e->why,
                                       e->rule,      e->asker,      e->said};
    for (size_t i = 0; i < NUMBERS; i++)
        pack_u64(out, numbers[i]);
    for (size_t i = 0; i < TEXTS; i++)
        pack_slice(out, texts[i]);
    pack_u8(out, e->wrongly);
    pack_u8(out, e->copy);
}

bool held_entry_unpack(struct slice octets, struct held_entry *e)
{
    struct unpack in = {.left = octets};
    struct slice *const texts[TEXTS] = {&e->reference, &e->client,     &e->sender,  &e->author,
                                        &e->subject,   &e->message_id, &e->address, &e->why,
                                        &e->rule,      &e->asker,      &e->said};
    e->number = unpack_u64(&in);
    e->id = unpack_u64(&in);
    uint64_t state = unpack_u64(&in);
    e->state = state <= HELD_EXPIRED ? (enum held_state)state : HELD_EXPIRED;
    e->arrived = (int64_t)unpack_u64(&in);
    e->until = (int64_t)unpack_u64(&in);
    e->asked = (int64_t)unpack_u64(&in);
    e->size = unpack_u64(&in);
    e->octets = unpack_u64(&in);
    e->attempt = unpack_u64(&in);
    for (size_t i = 0; i < TEXTS; i++)
        *texts[i] = unpack_slice(&in);
    e->wrongly = unpack_u8(&in);
    e->copy = unpack_u8(&in);
    return unpack_done(&in);
}

/* ---- questions ---- */

static bool unpack_place(struct unpack *in, enum held_place *place)
{
    unsigned which = unpack_u8(in);
    *place = which < HELD_PLACES ? (enum held_place)which : HELD_IN_QUARANTINE;
    return which < HELD_PLACES;
}

void held_query_pack(struct buf *out, const struct held_query *query)
{
    pack_u8(out, (uint8_t)query->place);
    pack_u64(out, query->number);
    pack_slice(out, query->reference);
    pack_slice(out, query->text);
    pack_slice(out, query->why);
    pack_u64(out, query->before);
    pack_u32(out, query->most);
    pack_u8(out, query->all);
}

bool held_query_unpack(struct slice octets, struct held_query *query)
{
    struct unpack in = {.left = octets};
    bool place = unpack_place(&in, &query->place);
    query->number = unpack_u64(&in);
    query->reference = unpack_slice(&in);
    query->text = unpack_slice(&in);
    query->why = unpack_slice(&in);
    query->before = unpack_u64(&in);
    query->most = unpack_u32(&in);
    query->all = unpack_u8(&in);
    return place && unpack_done(&in) && query->most <= HELD_FOUND_MOST;
}

void held_name_pack(struct buf *out, const struct held_name *name)
{
    pack_u8(out, (uint8_t)name->place);
    pack_u64(out, name->number);
}

static bool unpack_name(struct unpack *in, struct held_name *name)
{
    bool place = unpack_place(in, &name->place);
    name->number = unpack_u64(in);
    return place && name->number > 0;
}

bool held_name_unpack(struct slice octets, struct held_name *name)
{
    struct unpack in = {.left = octets};
    return unpack_name(&in, name) && unpack_done(&in);
}

void held_act_pack(struct buf *out, const struct held_name *name, enum held_act act)
{
    held_name_pack(out, name);
    pack_u8(out, (uint8_t)act);
}

bool held_act_unpack(struct slice octets, struct held_name *name, enum held_act *act)
{
    struct unpack in = {.left = octets};
    bool named = unpack_name(&in, name);
    unsigned which = unpack_u8(&in);
    *act = (enum held_act)which;
    return named && unpack_done(&in) && which <= HELD_REPORT;
}
