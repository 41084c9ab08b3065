/* SPDX-License-Identifier: ISC
 * A rule that has two gates is put into the group that is asked by texts. */
#include "policy/gates_find.h"

#include "policy/gates.h"

enum {
    GROUP_MIN = 4, /* rules: for fewer it is cheaper to look at them */
    SCRATCH_MAX = 1024 * 1024 * 1024
};

static void count_rule(struct gate_finder *finder, size_t rule)
{
    if (finder->keyed[rule] >= 0)
        finder->groups[finder->keyed[rule]].rules++;
    if (finder->plain[rule] >= 0)
        finder->groups[finder->plain[rule]].rules++;
}

static bool is_large(const struct gate_finder *finder, int group)
{
    return group >= 0 && finder->groups[group].rules >= GROUP_MIN;
}

/* ---- all rules ---- */

static bool is_larger(const struct gate_group *a, const struct gate_group *b)
{
    return !b || a->chosen > b->chosen;
}

/* The largest, as many as can be asked. */
static bool keep_groups(struct gate_finder *finder, struct gates *gates)
{
    gates->gates = source_alloc(finder->sources, GATES_MAX, sizeof *gates->gates);
    for (size_t i = 0; i < finder->group_count; i++)
        finder->groups[i].number = NO_GATE;
    while (gates->gates && gates->count < GATES_MAX) {
        struct gate_group *largest = NULL;
        for (size_t i = 0; i < finder->group_count; i++)
            if (finder->groups[i].number == NO_GATE && finder->groups[i].chosen >= GROUP_MIN &&
                is_larger(&finder->groups[i], largest))
                largest = &finder->groups[i];
        if (!largest)
            break;
        largest->number = (uint8_t)gates->count;
        gates->gates[gates->count++] = largest->gate;
    }
    return gates->gates != NULL;
}

/* Into `keyed`, from now on the one that it is in. */
static void choose(struct gate_finder *finder, size_t rule)
{
    if (!is_large(finder, finder->keyed[rule]))
        finder->keyed[rule] = is_large(finder, finder->plain[rule]) ? finder->plain[rule] : -1;
    if (finder->keyed[rule] >= 0)
        finder->groups[finder->keyed[rule]].chosen++;
}

/* From the last one on, so that each list begins with its first. */
static void link_rules(const struct gate_finder *finder, struct gates *gates)
{
    for (size_t i = 0; i < gates->count; i++)
        for (unsigned kind = 0; kind < EFFECT_KINDS; kind++)
            gates->gates[i].first[kind] = NO_RULE;
    for (size_t rule = gates->rule_count; rule-- > 0;) {
        int group = finder->keyed[rule];
        uint8_t number = group >= 0 ? finder->groups[group].number : NO_GATE;
        gates->gate_of[rule] = number;
        gates->next[rule] = NO_RULE;
        if (number == NO_GATE) {
            gates->always[rule / 64] |= (uint64_t)1 << rule % 64;
            continue;
        }
        uint32_t *first = &gates->gates[number].first[pending_effects(&gates->rules[rule])];
        gates->next[rule] = *first;
        *first = (uint32_t)rule;
    }
}

/* The gate of a key whose rule is in the group; NULL: another gate was chosen. */
static struct gate *gate_of_key(const struct gate_finder *finder, struct gates *gates,
                                const struct gate_found_key *key)
{
    uint8_t number = finder->groups[key->group].number;
    if (number == NO_GATE || finder->keyed[key->rule] != (int)key->group)
        return NULL;
    return &gates->gates[number];
}

static bool make_buckets(struct gate_finder *finder, struct gate *gate, size_t keys)
{
    size_t size = 16;
    while (size < keys)
        size *= 2;
    gate->mask = (uint32_t)size - 1;
    gate->buckets = source_alloc(finder->sources, size + 1, sizeof *gate->buckets);
    gate->keys = source_alloc(finder->sources, keys, sizeof *gate->keys);
    return gate->buckets && gate->keys;
}

static bool place_keys(struct gate_finder *finder, struct gates *gates)
{
    size_t counts[GATES_MAX] = {0};
    struct gate *gate;
    for (size_t i = 0; i < finder->key_count; i++)
        if ((gate = gate_of_key(finder, gates, &finder->keys[i])))
            counts[gate - gates->gates]++;
    for (size_t i = 0; i < gates->count; i++)
        if (gates->gates[i].keyed && !make_buckets(finder, &gates->gates[i], counts[i]))
            return false;
    for (size_t i = 0; i < finder->key_count; i++)
        if ((gate = gate_of_key(finder, gates, &finder->keys[i])))
            gate->buckets[finder->keys[i].hash & gate->mask]++;
    for (size_t i = 0; i < gates->count; i++)
        for (size_t k = 0; gates->gates[i].keyed && k <= gates->gates[i].mask; k++)
            gates->gates[i].buckets[k + 1] += gates->gates[i].buckets[k];
    /* a bucket says where it ends, and when it is full, where it begins */
    for (size_t i = 0; i < finder->key_count; i++)
        if ((gate = gate_of_key(finder, gates, &finder->keys[i])))
            gate->keys[--gate->buckets[finder->keys[i].hash & gate->mask]] =
                (struct gate_key){finder->keys[i].hash, finder->keys[i].rule};
    return true;
}

static struct gates *empty_gates(struct gate_finder *finder)
{
    size_t count = finder->policy->rule_count;
    struct gates *gates = source_alloc(finder->sources, 1, sizeof *gates);
    if (!gates)
        return NULL;
    *gates = (struct gates){.rules = finder->policy->rules, .rule_count = count};
    gates->always = source_alloc(finder->sources, count / 64 + 1, sizeof *gates->always);
    gates->gate_of = source_alloc(finder->sources, count, sizeof *gates->gate_of);
    gates->next = source_alloc(finder->sources, count, sizeof *gates->next);
    finder->keyed = source_alloc(&finder->scratch, count, sizeof *finder->keyed);
    finder->plain = source_alloc(&finder->scratch, count, sizeof *finder->plain);
    return finder->sources->no_memory || finder->scratch.no_memory ? NULL : gates;
}

static struct gates *make(struct gate_finder *finder)
{
    struct gates *gates = empty_gates(finder);
    for (size_t i = 0; gates && i < gates->rule_count; i++) {
        gates_find(finder, (uint32_t)i, gates->rules[i].condition);
        count_rule(finder, i);
    }
    for (size_t i = 0; gates && i < gates->rule_count; i++)
        choose(finder, i);
    if (!gates || !keep_groups(finder, gates))
        return NULL;
    link_rules(finder, gates);
    return place_keys(finder, gates) && !finder->scratch.no_memory ? gates : NULL;
}

const struct gates *gates_make(struct sources *sources, const struct policy *policy)
{
    struct gate_finder finder = {
        .sources = sources, .scratch = {.arena = arena_new(SCRATCH_MAX)}, .policy = policy};
    struct gates *gates = finder.scratch.arena ? make(&finder) : NULL;
    sources->no_memory |= !gates;
    arena_free(&finder.scratch.arena);
    return gates;
}
