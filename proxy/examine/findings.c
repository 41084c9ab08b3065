/* SPDX-License-Identifier: ISC */
#include "proxy/examine/findings.h"

enum { OCTETS_MOST = 256 * 1024 };

struct finding {
    enum fact fact;
    unsigned key; /* of a keyed one: its place */
    struct value value;
};

struct findings {
    size_t count;
    struct finding all[];
};

static bool is_kept(const struct value *value)
{
    return value->state != VALUE_PENDING;
}

/* The wire's form of a value leads to nothing outside of it. */
static bool copy(struct arena *arena, const struct type *type, const struct value *value,
                 struct value *out)
{
    struct buf octets = buf_init(OCTETS_MOST);
    struct slice kept = {NULL, 0};
    if (value_encode(&octets, type, value))
        kept = arena_copy(arena, buf_slice(&octets));
    buf_release(&octets);
    return kept.ptr && value_decode(&kept, type, arena, out);
}

static bool add(struct findings *findings, struct arena *arena, enum fact fact, size_t key,
                const struct value *value)
{
    struct finding *finding = &findings->all[findings->count++];
    finding->fact = fact;
    finding->key = (unsigned)key;
    return copy(arena, &fact_info(fact)->type, value, &finding->value);
}

struct sought {
    const struct facts *facts;
    const struct policy_key *keys;
    size_t key_count;
    bool (*of_fact)(enum fact fact);
    bool (*of_key)(const struct policy_key *key);
};

static bool fact_is_sought(const struct sought *sought, enum fact fact)
{
    return !fact_info(fact)->keyed && is_kept(&sought->facts->fact[fact]) && sought->of_fact(fact);
}

static bool key_is_sought(const struct sought *sought, size_t key)
{
    return is_kept(&sought->facts->keyed[key]) && sought->of_key(&sought->keys[key]);
}

static size_t count_of(const struct sought *sought)
{
    size_t count = 0;
    for (int i = 0; i < FACT_COUNT; i++)
        count += fact_is_sought(sought, (enum fact)i);
    for (size_t i = 0; i < sought->key_count; i++)
        count += key_is_sought(sought, i);
    return count;
}

struct findings *findings_new(struct arena *arena, const struct policy *policy,
                              const struct facts *facts, bool (*of_fact)(enum fact fact),
                              bool (*of_key)(const struct policy_key *key))
{
    struct sought sought = {.facts = facts, .of_fact = of_fact, .of_key = of_key};
    sought.keys = policy_keys(policy, &sought.key_count);
    if (!facts->keyed)
        sought.key_count = 0;
    struct findings *findings =
        arena_alloc(arena, sizeof *findings + count_of(&sought) * sizeof *findings->all);
    bool fine = findings;
    for (int i = 0; fine && i < FACT_COUNT; i++)
        if (fact_is_sought(&sought, (enum fact)i))
            fine = add(findings, arena, (enum fact)i, 0, &facts->fact[i]);
    for (size_t i = 0; fine && i < sought.key_count; i++)
        if (key_is_sought(&sought, i))
            fine = add(findings, arena, sought.keys[i].fact, i, &facts->keyed[i]);
    return fine ? findings : NULL;
}

void findings_put(const struct findings *findings, struct facts *facts)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *one = &findings->all[i];
        if (!fact_info(one->fact)->keyed)
            facts->fact[one->fact] = one->value;
        else if (facts->keyed)
            facts->keyed[one->key] = one->value;
    }
}

void findings_fail(struct findings *findings, enum producer producer)
{
    for (size_t i = 0; i < findings->count; i++)
        if (fact_info(findings->all[i].fact)->producer == producer)
            findings->all[i].value = value_unknown();
}
