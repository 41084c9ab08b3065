/* SPDX-License-Identifier: ISC */
#include "common/record_fields.h"
#include "common/record_vocabulary.h"

#include <string.h>

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
    struct slice octets = unpack_tight(in);
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
    struct slice *items = unpack_list(in, arena, sizeof *items, 1, count);
    for (size_t i = 0; i < *count; i++)
        items[i] = unpack_tight(in);
    return items;
}

static void unpack_recipients(struct unpack *in, struct arena *arena, struct record *r)
{
    struct record_recipient *items = unpack_list(in, arena, sizeof *items, 3, &r->recipient_count);
    for (size_t i = 0; i < r->recipient_count; i++) {
        items[i].address = unpack_tight(in);
        items[i].verdict = unpack_tight(in);
        items[i].reply = unpack_tight(in);
    }
    r->recipients = items;
}

static void unpack_points(struct unpack *in, struct arena *arena, struct record *r)
{
    struct record_points *items = unpack_list(in, arena, sizeof *items, 9, &r->point_count);
    for (size_t i = 0; i < r->point_count; i++) {
        items[i].name = unpack_tight(in);
        items[i].points = unpack_double(in);
    }
    r->points = items;
}

static void unpack_edits(struct unpack *in, struct arena *arena, struct record *r)
{
    struct record_edit *items = unpack_list(in, arena, sizeof *items, 4, &r->edit_count);
    for (size_t i = 0; i < r->edit_count; i++) {
        items[i].kind = unpack_tight(in);
        items[i].name = unpack_tight(in);
        items[i].value = unpack_tight(in);
        items[i].part = (uint32_t)unpack_var(in);
    }
    r->edits = items;
}

/* Which of today's facts that number is; FACT_COUNT: none that it could be. */
static enum fact fact_of(struct unpack *in, uint64_t number, const struct record_vocabulary *words,
                         bool keyed)
{
    enum fact fact = FACT_COUNT;
    if (number >= (words ? words->fact_count : FACT_COUNT))
        in->bad = true;
    else
        fact = words ? words->facts[number] : (enum fact)number;
    if (fact != FACT_COUNT && fact_info(fact)->keyed != keyed)
        in->bad = true;
    return in->bad ? FACT_COUNT : fact;
}

static void unpack_value(struct unpack *in, struct arena *arena, enum fact fact,
                         struct value *value)
{
    struct slice octets = unpack_tight(in);
    if (in->bad || fact == FACT_COUNT)
        return;
    if (!value_decode(&octets, &fact_info(fact)->type, arena, value) || octets.len)
        in->bad = true;
}

static void unpack_one_fact(struct unpack *in, struct arena *arena, enum fact fact, uint64_t how,
                            struct value *value)
{
    if (how == FACT_FOLLOWS)
        unpack_value(in, arena, fact, value);
    else if (how == FACT_ABSENT)
        *value = value_absent();
    else if (how == FACT_UNKNOWN)
        *value = value_unknown();
    else
        in->bad = true;
}

static void unpack_facts(struct unpack *in, struct arena *arena,
                         const struct record_vocabulary *words, struct record *r)
{
    uint32_t count = unpack_u32(in);
    struct facts *facts = NULL;
    struct value unknown_today;
    if (in->bad || (count && !(facts = arena_alloc(arena, sizeof *facts)))) {
        in->bad = true;
        return;
    }
    for (uint32_t i = 0; !in->bad && i < count; i++) {
        uint64_t number = unpack_var(in);
        enum fact fact = fact_of(in, number / FACT_HOWS, words, false);
        unpack_one_fact(in, arena, fact, number % FACT_HOWS,
                        fact == FACT_COUNT ? &unknown_today : &facts->fact[fact]);
    }
    r->facts = facts;
}

static void unpack_keyed(struct unpack *in, struct arena *arena,
                         const struct record_vocabulary *words, struct record *r)
{
    size_t count, kept = 0;
    struct record_keyed *items = unpack_list(in, arena, sizeof *items, 3, &count);
    for (size_t i = 0; !in->bad && i < count; i++) {
        items[kept].fact = fact_of(in, unpack_var(in), words, true);
        items[kept].name = unpack_tight(in);
        unpack_value(in, arena, items[kept].fact, &items[kept].value);
        kept += items[kept].fact != FACT_COUNT;
    }
    r->keyed = items;
    r->keyed_count = kept;
}

/* ---- words and numbers ---- */

/* A field that there is no more is read all the same. */
static void unpack_field(struct unpack *in, enum record_kind kind, void *field)
{
    union {
        struct slice text;
        int64_t number;
        struct record_cost cost;
    } nobody, *to = field ? field : &nobody;
    switch (kind) {
    case KIND_TEXT:
        to->text = unpack_tight(in);
        break;
    case KIND_NUMBER:
        to->number = (int64_t)unpack_var(in);
        break;
    case KIND_COST:
        to->cost.count = (int64_t)unpack_var(in);
        to->cost.ms = (int64_t)unpack_var(in);
        break;
    }
}

static void unpack_fields(struct unpack *in, const struct record_vocabulary *words,
                          struct record *r)
{
    size_t count = words ? words->field_count : record_field_count;
    for (size_t i = 0; !in->bad && i < count; i++) {
        size_t mine = words ? words->fields[i].mine : i;
        bool known = mine < record_field_count;
        unpack_field(in, words ? words->fields[i].kind : record_fields[i].kind,
                     known ? (char *)r + record_fields[mine].offset : NULL);
    }
}

/* All but the facts. */
static void unpack_words(struct unpack *in, const struct record_vocabulary *words,
                         struct arena *arena, struct record *r)
{
    *r = (struct record){0};
    if (unpack_u8(in) != RECORD_VERSION)
        in->bad = true;
    r->time = (int64_t)unpack_u64(in);
    unpack_client(in, &r->client);
    unpack_recipients(in, arena, r);
    unpack_fields(in, words, r);
    r->rules = unpack_slices(in, arena, &r->rule_count);
    r->observed = unpack_slices(in, arena, &r->observed_count);
    unpack_points(in, arena, r);
    unpack_edits(in, arena, r);
    r->score = unpack_double(in);
}

bool record_decode_as(struct slice octets, const struct record_vocabulary *words,
                      struct arena *arena, struct record *r)
{
    struct unpack in = {.left = octets};
    unpack_words(&in, words, arena, r);
    unpack_facts(&in, arena, words, r);
    unpack_keyed(&in, arena, words, r);
    return unpack_done(&in);
}

bool record_decode(struct slice octets, struct arena *arena, struct record *r)
{
    return record_decode_as(octets, NULL, arena, r);
}

bool record_decode_words_as(struct slice octets, const struct record_vocabulary *words,
                            struct arena *arena, struct record *r)
{
    struct unpack in = {.left = octets};
    unpack_words(&in, words, arena, r);
    return !in.bad;
}

bool record_decode_words(struct slice octets, struct arena *arena, struct record *r)
{
    return record_decode_words_as(octets, NULL, arena, r);
}

bool record_set_time(char *octets, size_t len, int64_t time)
{
    enum { AT = 1 }; /* behind the version */
    if (len < AT + sizeof time)
        return false;
    memcpy(octets + AT, &time, sizeof time);
    return true;
}
