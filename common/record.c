/* SPDX-License-Identifier: ISC
 * record = version octet, time (u64), client (text), recipients, texts and numbers as in record.def,
 * lists, score, facts, keyed facts.
 * Texts and numbers are those of pack_tight and pack_var; a list is a u32 count and its members.
 * fact = number * 4 + how: 1 it is absent, 2 unknown, 0 its value follows (value_encode, as a text). */
#include "common/record_fields.h"

#include <string.h>

enum {
    FACTS_ROOM = 16, /* what must stand behind them */
    RECIPIENTS_ROOM = 64 * 1024,
    EDITS_ROOM = 16 * 1024,
    TEXT_MOST = 1024,
};

/* ---- to octets ---- */

static void pack_number(struct buf *out, int64_t number)
{
    pack_var(out, (uint64_t)number);
}

static void pack_double(struct buf *out, double number)
{
    buf_append(out, (struct slice){(const char *)&number, sizeof number});
}

static void pack_client(struct buf *out, const struct ip *ip)
{
    size_t octets = ip->family == 4 ? 4 : ip->family == 6 ? 16 : 0;
    pack_tight(out, (struct slice){(const char *)ip->bytes, octets});
}

static void pack_slices(struct buf *out, const struct slice *items, size_t count)
{
    pack_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        pack_tight(out, items[i]);
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

/* As many as fit; the others are a number. */
static size_t pack_recipients(struct buf *out, const struct record *r)
{
    struct gap count = leave_gap(out);
    size_t n = 0, begin = buf_len(out);
    for (; n < r->recipient_count && buf_len(out) - begin < RECIPIENTS_ROOM; n++) {
        const struct record_recipient *one = &r->recipients[n];
        pack_tight(out, slice_sub(one->address, 0, TEXT_MOST));
        pack_tight(out, one->verdict);
        pack_tight(out, slice_sub(one->reply, 0, TEXT_MOST));
    }
    fill_gap(out, count, n);
    return r->recipient_count - n;
}

static void pack_edits(struct buf *out, const struct record *r)
{
    struct gap count = leave_gap(out);
    size_t n = 0, begin = buf_len(out);
    for (; n < r->edit_count && buf_len(out) - begin < EDITS_ROOM; n++) {
        pack_tight(out, r->edits[n].kind);
        pack_tight(out, r->edits[n].name);
        pack_tight(out, slice_sub(r->edits[n].value, 0, TEXT_MOST));
        pack_var(out, r->edits[n].part);
    }
    fill_gap(out, count, n);
}

static void pack_lists(struct buf *out, const struct record *r)
{
    pack_slices(out, r->rules, r->rule_count);
    pack_slices(out, r->observed, r->observed_count);
    pack_u32(out, (uint32_t)r->point_count);
    for (size_t i = 0; i < r->point_count; i++) {
        pack_tight(out, r->points[i].name);
        pack_double(out, r->points[i].points);
    }
    pack_edits(out, r);
    pack_double(out, r->score);
}

/* Puts the length of what stands behind `begin` there. */
static void put_length(struct buf *out, size_t begin)
{
    size_t len = buf_len(out) - begin, octets = 1;
    char room[10];
    struct buf length = buf_over(room, sizeof room);
    pack_var(&length, len);
    octets = buf_len(&length);
    buf_append(out, buf_slice(&length)); /* room for it */
    if (out->failed)
        return;
    char *at = out->data + out->head + begin;
    memmove(at + octets, at, len);
    memcpy(at, room, octets);
}

/* A value behind its length; false, and nothing is appended: it does not fit. */
static bool pack_whole(struct buf *out, const struct type *type, const struct value *value)
{
    size_t before = buf_len(out);
    if (!out->failed && value_encode(out, type, value))
        put_length(out, before);
    if (!out->failed && out->max - buf_len(out) >= FACTS_ROOM)
        return true;
    take_back(out, before);
    return false;
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
    enum fact_how how = value->state == VALUE_KNOWN    ? FACT_FOLLOWS
                        : value->state == VALUE_ABSENT ? FACT_ABSENT
                                                       : FACT_UNKNOWN;
    pack_var(out, (uint64_t)fact * FACT_HOWS + how);
    if (how != FACT_FOLLOWS ? !out->failed && out->max - buf_len(out) >= FACTS_ROOM
                            : !out->failed && pack_value(out, &fact_info(fact)->type, value))
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
    pack_var(out, (uint64_t)keyed->fact);
    pack_tight(out, keyed->name);
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

static void pack_fields(struct buf *out, const struct record *r)
{
    for (size_t i = 0; i < record_field_count; i++) {
        const void *field = record_at(r, i);
        const struct record_cost *cost = field;
        switch (record_fields[i].kind) {
        case KIND_TEXT:
            pack_tight(out, *(const struct slice *)field);
            break;
        case KIND_NUMBER:
            pack_number(out, *(const int64_t *)field);
            break;
        case KIND_COST:
            pack_number(out, cost->count);
            pack_number(out, cost->ms);
            break;
        }
    }
}

bool record_encode(struct buf *out, const struct record *r)
{
    pack_u8(out, RECORD_VERSION);
    pack_u64(out, (uint64_t)r->time);
    pack_client(out, &r->client);
    struct record whole = *r;
    whole.left_out += (int64_t)pack_recipients(out, r);
    pack_fields(out, &whole);
    pack_lists(out, r);
    if (out->failed)
        return false;
    pack_facts(out, r->facts);
    pack_keyed(out, r);
    return !out->failed;
}

bool record_tells_of(const struct record *r, struct slice address)
{
    bool tells = slice_ieq(r->from, address) || slice_ieq(r->login, address) ||
                 slice_ieq(r->author, address);
    for (size_t i = 0; i < r->recipient_count && !tells; i++)
        tells = slice_ieq(r->recipients[i].address, address);
    return tells;
}
