/* SPDX-License-Identifier: ISC
 * record = version octet, time, client (slice), texts and numbers as in record.def, lists (each a
 * u32 count and its members), score, facts, keyed facts.
 * facts = u32 count, then each {u32 number, slice of its value (value_encode)}. */
#include "common/record.h"

#include <string.h>

enum { VERSION = 1, FACTS_ROOM = 16 /* what must stand behind them */ };

/* ---- to octets ---- */

static void pack_number(struct buf *out, int64_t number)
{
    pack_u64(out, (uint64_t)number);
}

static void pack_double(struct buf *out, double number)
{
    buf_append(out, (struct slice){(const char *)&number, sizeof number});
}

static void pack_client(struct buf *out, const struct ip *ip)
{
    size_t octets = ip->family == 4 ? 4 : ip->family == 6 ? 16 : 0;
    pack_slice(out, (struct slice){(const char *)ip->bytes, octets});
}

static void pack_slices(struct buf *out, const struct slice *items, size_t count)
{
    pack_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        pack_slice(out, items[i]);
}

static void pack_lists(struct buf *out, const struct record *r)
{
    pack_u32(out, (uint32_t)r->recipient_count);
    for (size_t i = 0; i < r->recipient_count; i++) {
        pack_slice(out, r->recipients[i].address);
        pack_slice(out, r->recipients[i].verdict);
        pack_slice(out, r->recipients[i].reply);
    }
    pack_slices(out, r->rules, r->rule_count);
    pack_slices(out, r->observed, r->observed_count);
    pack_u32(out, (uint32_t)r->point_count);
    for (size_t i = 0; i < r->point_count; i++) {
        pack_slice(out, r->points[i].name);
        pack_double(out, r->points[i].points);
    }
    pack_u32(out, (uint32_t)r->edit_count);
    for (size_t i = 0; i < r->edit_count; i++) {
        pack_slice(out, r->edits[i].kind);
        pack_slice(out, r->edits[i].name);
        pack_slice(out, r->edits[i].value);
        pack_u32(out, r->edits[i].part);
    }
    pack_double(out, r->score);
}

/* Where a number will stand that is not known yet. */
struct gap {
    size_t at; /* from the buffer's beginning */
};

static struct gap leave_gap(struct buf *out)
{
    struct gap gap = {buf_len(out)};
    pack_u32(out, 0);
    return gap;
}

static void fill_gap(struct buf *out, struct gap gap, size_t number)
{
    uint32_t small = (uint32_t)number;
    if (!out->failed)
        memcpy(out->data + out->head + gap.at, &small, sizeof small);
}

/* Takes back what has been appended since. */
static void take_back(struct buf *out, size_t length)
{
    out->tail = out->head + length;
    out->failed = false;
}

/* A value behind its length; false, and nothing is appended: it does not fit. */
static bool pack_whole(struct buf *out, const struct type *type, const struct value *value)
{
    size_t before = buf_len(out);
    struct gap length = leave_gap(out);
    size_t begin = buf_len(out);
    if (out->failed || !value_encode(out, type, value) || out->max - buf_len(out) < FACTS_ROOM) {
        take_back(out, before);
        return false;
    }
    fill_gap(out, length, buf_len(out) - begin);
    return true;
}

/* As many of a list's members as fit. */
static bool pack_value(struct buf *out, const struct type *type, const struct value *value)
{
    if (pack_whole(out, type, value))
        return true;
    struct value part = *value;
    if (type->kind != TYPE_LIST || value->state != VALUE_KNOWN)
        return false;
    for (part.list.cut = true; part.list.count > 0;) {
        part.list.count /= 2;
        if (pack_whole(out, type, &part))
            return true;
    }
    return false;
}

static bool pack_fact(struct buf *out, enum fact fact, const struct value *value)
{
    size_t before = buf_len(out);
    pack_u32(out, (uint32_t)fact);
    if (!out->failed && pack_value(out, &fact_info(fact)->type, value))
        return true;
    take_back(out, before);
    return false;
}

static void pack_facts(struct buf *out, const struct facts *facts)
{
    struct gap count = leave_gap(out);
    size_t n = 0;
    for (int i = 0; !out->failed && facts && i < FACT_COUNT; i++) {
        const struct value *value = &facts->fact[i];
        if (value->state != VALUE_PENDING && !fact_info((enum fact)i)->keyed)
            n += pack_fact(out, (enum fact)i, value);
    }
    fill_gap(out, count, n);
}

static bool pack_one_keyed(struct buf *out, const struct record_keyed *keyed)
{
    size_t before = buf_len(out);
    pack_u32(out, (uint32_t)keyed->fact);
    pack_slice(out, keyed->name);
    if (!out->failed && pack_value(out, &fact_info(keyed->fact)->type, &keyed->value))
        return true;
    take_back(out, before);
    return false;
}

static void pack_keyed(struct buf *out, const struct record *r)
{
    struct gap count = leave_gap(out);
    size_t n = 0;
    for (size_t i = 0; !out->failed && i < r->keyed_count; i++)
        n += pack_one_keyed(out, &r->keyed[i]);
    fill_gap(out, count, n);
}

bool record_encode(struct buf *out, const struct record *r)
{
    pack_u8(out, VERSION);
    pack_number(out, r->time);
    pack_client(out, &r->client);
#define RECORD_TEXT(name, doc) pack_slice(out, r->name);
#define RECORD_NUMBER(name, doc) pack_number(out, r->name);
#define RECORD_COST(name, doc)                                                                     \
    pack_number(out, r->name.count);                                                               \
    pack_number(out, r->name.ms);
#include "common/record.def"
#undef RECORD_TEXT
#undef RECORD_NUMBER
#undef RECORD_COST
    pack_lists(out, r);
    if (out->failed)
        return false;
    pack_facts(out, r->facts);
    pack_keyed(out, r);
    return !out->failed;
}

/* ---- from octets ---- */

static double unpack_double(struct unpack *in)
{
    double number = 0;
    if (in->bad || in->left.len < sizeof number) {
        in->bad = true;
        return 0;
    }
    memcpy(&number, in->left.ptr, sizeof number);
    in->left = slice_from(in->left, sizeof number);
    in->bad = number != number;
    return number;
}

static void unpack_client(struct unpack *in, struct ip *ip)
{
    struct slice octets = unpack_slice(in);
    *ip = (struct ip){.family = octets.len == 4 ? 4 : octets.len == 16 ? 6 : 0};
    if (ip->family)
        memcpy(ip->bytes, octets.ptr, octets.len);
    else if (octets.len)
        in->bad = true;
}

/* Room for as many as are announced, each of which takes at least `least` octets; NULL: none. */
static void *unpack_list(struct unpack *in, struct arena *arena, size_t size, size_t least,
                         size_t *count)
{
    uint32_t announced = unpack_u32(in);
    void *items = NULL;
    if (!in->bad && announced <= RECORD_ITEMS_MAX && announced * least <= in->left.len)
        items = announced ? arena_array(arena, announced, size) : NULL;
    if (announced && !items)
        in->bad = true;
    *count = items ? announced : 0;
    return items;
}

static const struct slice *unpack_slices(struct unpack *in, struct arena *arena, size_t *count)
{
    struct slice *items = unpack_list(in, arena, sizeof *items, 4, count);
    for (size_t i = 0; i < *count; i++)
        items[i] = unpack_slice(in);
    return items;
}

static void unpack_recipients(struct unpack *in, struct arena *arena, struct record *r)
{
    struct record_recipient *items = unpack_list(in, arena, sizeof *items, 12, &r->recipient_count);
    for (size_t i = 0; i < r->recipient_count; i++) {
        items[i].address = unpack_slice(in);
        items[i].verdict = unpack_slice(in);
        items[i].reply = unpack_slice(in);
    }
    r->recipients = items;
}

static void unpack_points(struct unpack *in, struct arena *arena, struct record *r)
{
    struct record_points *items = unpack_list(in, arena, sizeof *items, 12, &r->point_count);
    for (size_t i = 0; i < r->point_count; i++) {
        items[i].name = unpack_slice(in);
        items[i].points = unpack_double(in);
    }
    r->points = items;
}

static void unpack_edits(struct unpack *in, struct arena *arena, struct record *r)
{
    struct record_edit *items = unpack_list(in, arena, sizeof *items, 16, &r->edit_count);
    for (size_t i = 0; i < r->edit_count; i++) {
        items[i].kind = unpack_slice(in);
        items[i].name = unpack_slice(in);
        items[i].value = unpack_slice(in);
        items[i].part = unpack_u32(in);
    }
    r->edits = items;
}

static enum fact unpack_fact_number(struct unpack *in, bool keyed)
{
    uint32_t number = unpack_u32(in);
    if (number < FACT_COUNT && fact_info((enum fact)number)->keyed == keyed)
        return (enum fact)number;
    in->bad = true;
    return FACT_LISTENER;
}

static void unpack_value(struct unpack *in, struct arena *arena, enum fact fact,
                         struct value *value)
{
    struct slice octets = unpack_slice(in);
    if (in->bad || !value_decode(&octets, &fact_info(fact)->type, arena, value) || octets.len)
        in->bad = true;
}

static void unpack_facts(struct unpack *in, struct arena *arena, struct record *r)
{
    uint32_t count = unpack_u32(in);
    struct facts *facts = NULL;
    if (in->bad || count > FACT_COUNT || (count && !(facts = arena_alloc(arena, sizeof *facts)))) {
        in->bad = true;
        return;
    }
    for (uint32_t i = 0; !in->bad && i < count; i++) {
        enum fact fact = unpack_fact_number(in, false);
        unpack_value(in, arena, fact, &facts->fact[fact]);
    }
    r->facts = facts;
}

static void unpack_keyed(struct unpack *in, struct arena *arena, struct record *r)
{
    struct record_keyed *items = unpack_list(in, arena, sizeof *items, 13, &r->keyed_count);
    for (size_t i = 0; !in->bad && i < r->keyed_count; i++) {
        items[i].fact = unpack_fact_number(in, true);
        items[i].name = unpack_slice(in);
        unpack_value(in, arena, items[i].fact, &items[i].value);
    }
    r->keyed = items;
}

bool record_decode(struct slice octets, struct arena *arena, struct record *r)
{
    struct unpack in = {.left = octets};
    *r = (struct record){0};
    if (unpack_u8(&in) != VERSION)
        return false;
    r->time = (int64_t)unpack_u64(&in);
    unpack_client(&in, &r->client);
#define RECORD_TEXT(name, doc) r->name = unpack_slice(&in);
#define RECORD_NUMBER(name, doc) r->name = (int64_t)unpack_u64(&in);
#define RECORD_COST(name, doc)                                                                     \
    r->name.count = (int64_t)unpack_u64(&in);                                                      \
    r->name.ms = (int64_t)unpack_u64(&in);
#include "common/record.def"
#undef RECORD_TEXT
#undef RECORD_NUMBER
#undef RECORD_COST
    unpack_recipients(&in, arena, r);
    r->rules = unpack_slices(&in, arena, &r->rule_count);
    r->observed = unpack_slices(&in, arena, &r->observed_count);
    unpack_points(&in, arena, r);
    unpack_edits(&in, arena, r);
    r->score = unpack_double(&in);
    unpack_facts(&in, arena, r);
    unpack_keyed(&in, arena, r);
    return unpack_done(&in);
}
