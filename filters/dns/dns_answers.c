/* SPDX-License-Identifier: ISC */
#include "filters/dns/dns_answers.h"

enum { BUCKETS = 64, NAME_MAX_OCTETS = 253, LABEL_MAX = 63 };

struct answer_entry {
    struct answer_entry *next;
    struct slice name;
    enum dns_type type;
    struct dns_answer answer;
};

struct dns_answers {
    struct arena *arena;
    struct answer_entry *buckets[BUCKETS];
    struct dns_wanted *wanted;
    size_t wanted_count, wanted_room;
    size_t wanted_before; /* by evaluators that are through */
    bool missed, unasked;
    bool closed;
};

bool dns_type_is_known(enum dns_type type)
{
    return type == DNS_A || type == DNS_CNAME || type == DNS_PTR || type == DNS_MX ||
           type == DNS_TXT || type == DNS_AAAA;
}

struct dns_answers *dns_answers_new(struct arena *arena)
{
    struct dns_answers *table = arena_alloc(arena, sizeof *table);
    if (table)
        table->arena = arena;
    return table;
}

static struct slice without_dot(struct slice name)
{
    return name.len && name.ptr[name.len - 1] == '.' ? slice_sub(name, 0, name.len - 1) : name;
}

static size_t bucket_of(struct slice name, enum dns_type type)
{
    /* FNV-1a: the table is small and of one message. */
    uint32_t hash = 2166136261u ^ (uint32_t)type;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)ascii_lower(name.ptr[i])) * 16777619u;
    return hash % BUCKETS;
}

static struct answer_entry *find(const struct dns_answers *table, struct slice name,
                                 enum dns_type type)
{
    struct answer_entry *e = table->buckets[bucket_of(name, type)];
    while (e && (e->type != type || !slice_ieq(e->name, name)))
        e = e->next;
    return e;
}

bool dns_answers_add(struct dns_answers *table, struct slice name, enum dns_type type,
                     const struct dns_answer *answer)
{
    name = without_dot(name);
    if (find(table, name, type))
        return true;
    struct answer_entry *e = arena_alloc(table->arena, sizeof *e);
    if (!e)
        return false;
    size_t bucket = bucket_of(name, type);
    *e = (struct answer_entry){
        .next = table->buckets[bucket], .name = name, .type = type, .answer = *answer};
    table->buckets[bucket] = e;
    return true;
}

bool dns_name_can_exist(struct slice name)
{
    struct slice label;
    bool more = true;
    if (name.len == 0 || name.len > NAME_MAX_OCTETS)
        return false;
    while (more) {
        more = slice_cut(name, '.', &label, &name);
        if (label.len == 0 || label.len > LABEL_MAX)
            return false;
    }
    return true;
}

static bool make_room(struct dns_answers *table)
{
    if (table->wanted_count == DNS_WANTED_MAX)
        return false;
    struct dns_wanted *wanted = arena_grow(table->arena, table->wanted, table->wanted_count,
                                           &table->wanted_room, sizeof *wanted);
    if (wanted)
        table->wanted = wanted;
    return wanted != NULL;
}

static struct dns_wanted *find_wanted(struct dns_answers *table, struct slice name,
                                      enum dns_type type)
{
    for (size_t i = 0; i < table->wanted_count; i++)
        if (table->wanted[i].type == type && slice_ieq(table->wanted[i].name, name))
            return &table->wanted[i];
    return NULL;
}

static void want(struct dns_answers *table, struct slice name, enum dns_type type, bool reserved)
{
    struct dns_wanted *before = find_wanted(table, name, type);
    if (before)
        before->reserved |= reserved;
    if (before || !make_room(table))
        return;
    struct slice kept = arena_copy(table->arena, name);
    if (kept.ptr)
        table->wanted[table->wanted_count++] = (struct dns_wanted){kept, type, reserved};
}

bool dns_look_up(struct dns_answers *table, struct slice name, enum dns_type type,
                 struct dns_answer *answer)
{
    name = without_dot(name);
    *answer = (struct dns_answer){.status = DNS_NO_NAME};
    if (table->missed)
        return false;
    if (!dns_name_can_exist(name))
        return true;
    const struct answer_entry *e = find(table, name, type);
    if (e) {
        *answer = e->answer;
        table->unasked |= answer->status == DNS_UNASKED;
        return true;
    }
    if (table->closed)
        return true;
    want(table, name, type, false);
    table->missed = true;
    return false;
}

bool dns_answered(const struct dns_answers *table, struct slice name, enum dns_type type)
{
    name = without_dot(name);
    return table->closed || !dns_name_can_exist(name) || find(table, name, type);
}

void dns_answers_close(struct dns_answers *table)
{
    table->closed = true;
}

void dns_answers_each(const struct dns_answers *table,
                      void (*each)(void *context, struct slice name, enum dns_type type,
                                   const struct dns_answer *answer),
                      void *context)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct answer_entry *e = table->buckets[i]; e; e = e->next)
            each(context, e->name, e->type, &e->answer);
}

bool dns_missed(const struct dns_answers *table)
{
    return table->missed;
}

const struct dns_wanted *dns_wanted(const struct dns_answers *table, size_t *count)
{
    *count = table->wanted_count;
    return table->wanted;
}

static void want_early(struct dns_answers *table, struct slice name, enum dns_type type,
                       bool reserved)
{
    name = without_dot(name);
    if (!table->closed && dns_name_can_exist(name) && !find(table, name, type))
        want(table, name, type, reserved);
}

void dns_prefetch(struct dns_answers *table, struct slice name, enum dns_type type)
{
    want_early(table, name, type, false);
}

void dns_reserve(struct dns_answers *table, struct slice name, enum dns_type type)
{
    want_early(table, name, type, true);
}

bool dns_unasked(const struct dns_answers *table)
{
    return table->unasked;
}

void dns_answers_restart(struct dns_answers *table)
{
    table->missed = table->unasked = false;
    table->wanted_count = table->wanted_before = 0;
}

void dns_answers_next(struct dns_answers *table)
{
    if (table->missed)
        table->wanted_before = table->wanted_count;
    else
        table->wanted_count = table->wanted_before;
    table->missed = false;
}
