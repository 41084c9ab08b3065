/* SPDX-License-Identifier: ISC
 * Which comparison is a rule's gate: one of those that `and` joins, and that all before it leaves
 * work for. A rule that has two is put into the group that is asked by texts. */
#include "policy/gates_internal.h"

#include "policy/name_index.h"
#include "policy/table.h"
#include "policy/types.h"

#include <string.h>

enum {
    GROUP_MIN = 4,      /* rules: for fewer it is cheaper to look at them */
    ENTRIES_MAX = 64,   /* of a table whose entries become keys of the group */
    PATTERN_MAX = 1024, /* octets that say what a group asks */
    SCRATCH_MAX = 1024 * 1024 * 1024
};

struct group {
    struct gate gate;
    uint32_t rules, chosen;
    uint8_t number; /* of those that are kept */
};

struct found_key {
    uint32_t group, hash, rule;
};

struct maker {
    struct sources *sources;
    struct sources scratch; /* what is forgotten when the gates are made */
    const struct policy *policy;
    struct name_index patterns; /* what groups ask: their numbers */
    struct group *groups;
    size_t group_count;
    struct found_key *keys;
    size_t key_count;
    int *keyed, *plain; /* of each rule: its groups, -1: none */
};

/* Where in a condition a gate is looked for. */
struct place {
    uint32_t rule;
    int list; /* within `any` over this operand; -1: not */
    unsigned slot;
    unsigned *seen; /* nodes, up to GATE_NODES_MAX */
};

static const struct operand *operand_at(const struct maker *maker, int index)
{
    return &maker->policy->operands[index];
}

static const struct node *node_at(const struct maker *maker, int index)
{
    return &maker->policy->nodes[index];
}

/* ---- what takes a bounded number of steps ---- */

static bool is_plain(const struct maker *maker, int index)
{
    if (index < 0)
        return true;
    const struct operand *operand = operand_at(maker, index);
    return operand->kind != OPERAND_COUNT && operand->kind != OPERAND_PAIR &&
           operand->type.kind != TYPE_LIST;
}

static bool is_comparison(const struct node *node)
{
    return node->op == OP_TRUTH || node->op == OP_COMPARE || node->op == OP_IN_TABLE ||
           node->op == OP_IN_NETWORKS || node->op == OP_IN_NETWORK || node->op == OP_IN_WORDS ||
           node->op == OP_ABSENT || node->op == OP_KNOWN || node->op == OP_UNKNOWN;
}

static unsigned nodes_of(const struct maker *maker, int index)
{
    const struct node *node = node_at(maker, index);
    unsigned count = 1;
    if (node->left >= 0 && (node->op == OP_NOT || node->op == OP_AND || node->op == OP_OR))
        count += nodes_of(maker, node->left);
    if (node->op == OP_AND || node->op == OP_OR)
        count += nodes_of(maker, node->right);
    return count;
}

static bool is_cheap(const struct maker *maker, int index)
{
    const struct node *node = node_at(maker, index);
    if (node->op == OP_NOT)
        return is_cheap(maker, node->left);
    if (node->op == OP_AND || node->op == OP_OR)
        return is_cheap(maker, node->left) && is_cheap(maker, node->right);
    return is_comparison(node) && node->op != OP_IN_TABLE && is_plain(maker, node->a) &&
           is_plain(maker, node->b);
}

/* ---- groups ---- */

static struct slice octets_of(const void *data, size_t size)
{
    return (struct slice){data, size};
}

#define PUT(buf, value) buf_append((buf), octets_of(&(value), sizeof(value)))

static void put_operand(struct buf *pattern, const struct operand *operand)
{
    PUT(pattern, operand->kind);
    PUT(pattern, operand->fact);
    PUT(pattern, operand->key);
    PUT(pattern, operand->accessor);
    PUT(pattern, operand->field);
}

/* The number of the group that asks this; -1: memory. */
static int group_for(struct maker *maker, struct buf *pattern, const struct gate *gate)
{
    size_t number = maker->group_count;
    if (pattern->failed || name_index_find(&maker->patterns, buf_slice(pattern), &number))
        return pattern->failed ? -1 : (int)number;
    struct slice copy = arena_copy(maker->scratch.arena, buf_slice(pattern));
    struct group *groups =
        source_grow(&maker->scratch, maker->groups, maker->group_count, sizeof *groups);
    if (!copy.ptr || !groups || !name_index_add(&maker->scratch, &maker->patterns, copy, number))
        return -1;
    maker->groups = groups;
    groups[maker->group_count++] = (struct group){.gate = *gate};
    return (int)number;
}

/* ---- gates by texts ---- */

static bool put_key(struct maker *maker, uint32_t group, uint32_t rule, struct slice text)
{
    char room[GATE_FOLDED_MAX];
    struct slice folded = gate_fold(text, room);
    uint32_t hash = GATE_HASH_START;
    for (size_t i = folded.len; i-- > 0;)
        hash = gate_hash_more(hash, ascii_lower(folded.ptr[i]));
    struct found_key *keys =
        source_grow(&maker->scratch, maker->keys, maker->key_count, sizeof *keys);
    if (!keys)
        return false;
    maker->keys = keys;
    keys[maker->key_count++] = (struct found_key){group, hash, rule};
    if (slice_starts(text, SLICE("*.")) || slice_starts(text, SLICE("@")))
        maker->groups[group].gate.endings = true;
    return true;
}

static bool put_entries(struct maker *maker, uint32_t group, uint32_t rule,
                        const struct table *table)
{
    size_t at = 0;
    for (struct slice entry; table_each(table, &at, &entry);)
        if (!put_key(maker, group, rule, entry))
            return false;
    return true;
}

/* `OPERAND == "text"`, `OPERAND in ["text" ...]`. */
static bool names_texts(const struct maker *maker, const struct node *node)
{
    if (node->op == OP_IN_TABLE)
        return table_count(node->table) <= ENTRIES_MAX;
    return node->op == OP_COMPARE && node->compare == COMPARE_EQ &&
           operand_at(maker, node->b)->kind == OPERAND_LITERAL &&
           type_is_textual(&operand_at(maker, node->b)->type) &&
           operand_at(maker, node->b)->literal.state == VALUE_KNOWN &&
           operand_at(maker, node->b)->literal.text.len <= GATE_TEXT_MAX;
}

/* What the place's message is asked for: of `any`, a member or its field. */
static bool is_subject(const struct maker *maker, const struct place *place, int index)
{
    const struct operand *operand = operand_at(maker, index);
    const struct type *type = &operand->type;
    if (place->list >= 0)
        return operand->kind == OPERAND_VARIABLE && operand->slot == place->slot &&
               type_is_textual(type);
    if (type->kind == TYPE_LIST && operand->accessor == ACCESSOR_NONE)
        type = type->element;
    return (operand->kind == OPERAND_FACT || operand->kind == OPERAND_KEYED) &&
           type_is_textual(type);
}

static int group_of_texts(struct maker *maker, const struct place *place, int operand)
{
    char room[PATTERN_MAX];
    struct buf pattern = buf_over(room, sizeof room);
    struct gate gate = {
        .keyed = true, .list = place->list, .operand = operand, .slot = place->slot};
    buf_char(&pattern, place->list >= 0 ? 'm' : 'k');
    put_operand(&pattern, operand_at(maker, operand));
    if (place->list >= 0)
        put_operand(&pattern, operand_at(maker, place->list));
    return group_for(maker, &pattern, &gate);
}

/* The group of a comparison with texts, or of several that `or` joins; -1: it is no such. */
static int text_group(struct maker *maker, const struct place *place, int index)
{
    const struct node *node = node_at(maker, index);
    if (node->op == OP_OR) {
        int left = text_group(maker, place, node->left);
        return left >= 0 && text_group(maker, place, node->right) == left ? left : -1;
    }
    if (!is_comparison(node) || !is_subject(maker, place, node->a) || !names_texts(maker, node))
        return -1;
    return group_of_texts(maker, place, node->a);
}

static bool put_texts(struct maker *maker, uint32_t group, uint32_t rule, int index)
{
    const struct node *node = node_at(maker, index);
    if (node->op == OP_OR)
        return put_texts(maker, group, rule, node->left) &&
               put_texts(maker, group, rule, node->right);
    return node->op == OP_IN_TABLE
               ? put_entries(maker, group, rule, node->table)
               : put_key(maker, group, rule, operand_at(maker, node->b)->literal.text);
}

/* ---- gates that are the same comparison ---- */

/* False: it compares with what has no short pattern. */
static bool put_literal(const struct maker *maker, struct buf *pattern, const struct node *node)
{
    if (node->b < 0)
        return true;
    const struct operand *operand = operand_at(maker, node->b);
    const struct value *value = &operand->literal;
    if (operand->kind != OPERAND_LITERAL || value->state != VALUE_KNOWN)
        return false;
    switch (operand->type.kind) {
    case TYPE_BOOL:
        return PUT(pattern, value->truth);
    case TYPE_NUMBER:
        return PUT(pattern, value->number);
    case TYPE_ENUM:
    case TYPE_SIZE:
    case TYPE_DURATION:
        return PUT(pattern, value->integer);
    default:
        return false;
    }
}

static bool put_other_side(const struct maker *maker, struct buf *pattern, const struct node *node)
{
    switch (node->op) {
    case OP_COMPARE:
        return PUT(pattern, node->compare) && put_literal(maker, pattern, node);
    case OP_IN_TABLE:
    case OP_IN_NETWORKS:
        return PUT(pattern, node->table);
    case OP_IN_NETWORK:
        return PUT(pattern, node->network.length) && PUT(pattern, node->network.base.family) &&
               PUT(pattern, node->network.base.bytes);
    case OP_IN_WORDS:
        return PUT(pattern, node->words);
    default:
        return true;
    }
}

static int plain_group(struct maker *maker, int index)
{
    char room[PATTERN_MAX];
    struct buf pattern = buf_over(room, sizeof room);
    struct gate gate = {.node = index, .list = -1};
    const struct node *node = node_at(maker, index);
    buf_char(&pattern, node->op == OP_NOT ? '!' : '=');
    if (node->op == OP_NOT)
        node = node_at(maker, node->left);
    if (!is_comparison(node) || !is_plain(maker, node->a) ||
        (operand_at(maker, node->a)->kind != OPERAND_FACT &&
         operand_at(maker, node->a)->kind != OPERAND_KEYED))
        return -1;
    PUT(&pattern, node->op);
    put_operand(&pattern, operand_at(maker, node->a));
    return put_other_side(maker, &pattern, node) ? group_for(maker, &pattern, &gate) : -1;
}

/* ---- a rule ---- */

static bool seek(struct maker *maker, const struct place *place, int index);

static bool seek_in_members(struct maker *maker, const struct place *place, const struct node *node)
{
    struct place within = {place->rule, node->a, node->slot, place->seen};
    const struct operand *list = operand_at(maker, node->a);
    if (place->list < 0 && (list->kind == OPERAND_FACT || list->kind == OPERAND_KEYED))
        seek(maker, &within, node->left);
    return false; /* how many steps it takes, the message says */
}

/* One of those that `and` joins. */
static void offer(struct maker *maker, const struct place *place, int index)
{
    int *keyed = &maker->keyed[place->rule], *plain = &maker->plain[place->rule];
    if (*keyed < 0) {
        int group = text_group(maker, place, index);
        if (group >= 0 && put_texts(maker, (uint32_t)group, place->rule, index))
            *keyed = group;
    }
    if (*plain < 0 && place->list < 0)
        *plain = plain_group(maker, index);
}

/* True: what follows may be a gate as well. */
static bool seek(struct maker *maker, const struct place *place, int index)
{
    const struct node *node = node_at(maker, index);
    if (node->op == OP_AND)
        return seek(maker, place, node->left) && seek(maker, place, node->right);
    *place->seen += nodes_of(maker, index);
    if (*place->seen > GATE_NODES_MAX)
        return false;
    if (node->op == OP_ANY)
        return seek_in_members(maker, place, node);
    offer(maker, place, index);
    return is_cheap(maker, index);
}

static void count_rule(struct maker *maker, size_t rule)
{
    if (maker->keyed[rule] >= 0)
        maker->groups[maker->keyed[rule]].rules++;
    if (maker->plain[rule] >= 0)
        maker->groups[maker->plain[rule]].rules++;
}

static bool is_large(const struct maker *maker, int group)
{
    return group >= 0 && maker->groups[group].rules >= GROUP_MIN;
}

/* ---- all rules ---- */

static bool is_larger(const struct group *a, const struct group *b)
{
    return !b || a->chosen > b->chosen;
}

/* The largest, as many as can be asked. */
static bool keep_groups(struct maker *maker, struct gates *gates)
{
    gates->gates = source_alloc(maker->sources, GATES_MAX, sizeof *gates->gates);
    for (size_t i = 0; i < maker->group_count; i++)
        maker->groups[i].number = NO_GATE;
    while (gates->gates && gates->count < GATES_MAX) {
        struct group *largest = NULL;
        for (size_t i = 0; i < maker->group_count; i++)
            if (maker->groups[i].number == NO_GATE && maker->groups[i].chosen >= GROUP_MIN &&
                is_larger(&maker->groups[i], largest))
                largest = &maker->groups[i];
        if (!largest)
            break;
        largest->number = (uint8_t)gates->count;
        gates->gates[gates->count++] = largest->gate;
    }
    return gates->gates != NULL;
}

/* Into `keyed`, from now on the one that it is in. */
static void choose(struct maker *maker, size_t rule)
{
    if (!is_large(maker, maker->keyed[rule]))
        maker->keyed[rule] = is_large(maker, maker->plain[rule]) ? maker->plain[rule] : -1;
    if (maker->keyed[rule] >= 0)
        maker->groups[maker->keyed[rule]].chosen++;
}

/* From the last one on, so that each list begins with its first. */
static void link_rules(const struct maker *maker, struct gates *gates)
{
    for (size_t i = 0; i < gates->count; i++)
        for (unsigned kind = 0; kind < EFFECT_KINDS; kind++)
            gates->gates[i].first[kind] = NO_RULE;
    for (size_t rule = gates->rule_count; rule-- > 0;) {
        int group = maker->keyed[rule];
        uint8_t number = group >= 0 ? maker->groups[group].number : NO_GATE;
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
static struct gate *gate_of_key(const struct maker *maker, struct gates *gates,
                                const struct found_key *key)
{
    uint8_t number = maker->groups[key->group].number;
    if (number == NO_GATE || maker->keyed[key->rule] != (int)key->group)
        return NULL;
    return &gates->gates[number];
}

static bool make_buckets(struct maker *maker, struct gate *gate, size_t keys)
{
    size_t size = 16;
    while (size < keys)
        size *= 2;
    gate->mask = (uint32_t)size - 1;
    gate->buckets = source_alloc(maker->sources, size + 1, sizeof *gate->buckets);
    gate->keys = source_alloc(maker->sources, keys, sizeof *gate->keys);
    return gate->buckets && gate->keys;
}

static bool place_keys(struct maker *maker, struct gates *gates)
{
    size_t counts[GATES_MAX] = {0};
    struct gate *gate;
    for (size_t i = 0; i < maker->key_count; i++)
        if ((gate = gate_of_key(maker, gates, &maker->keys[i])))
            counts[gate - gates->gates]++;
    for (size_t i = 0; i < gates->count; i++)
        if (gates->gates[i].keyed && !make_buckets(maker, &gates->gates[i], counts[i]))
            return false;
    for (size_t i = 0; i < maker->key_count; i++)
        if ((gate = gate_of_key(maker, gates, &maker->keys[i])))
            gate->buckets[maker->keys[i].hash & gate->mask]++;
    for (size_t i = 0; i < gates->count; i++)
        for (size_t k = 0; gates->gates[i].keyed && k <= gates->gates[i].mask; k++)
            gates->gates[i].buckets[k + 1] += gates->gates[i].buckets[k];
    /* a bucket says where it ends, and when it is full, where it begins */
    for (size_t i = 0; i < maker->key_count; i++)
        if ((gate = gate_of_key(maker, gates, &maker->keys[i])))
            gate->keys[--gate->buckets[maker->keys[i].hash & gate->mask]] =
                (struct gate_key){maker->keys[i].hash, maker->keys[i].rule};
    return true;
}

static struct gates *empty_gates(struct maker *maker)
{
    size_t count = maker->policy->rule_count;
    struct gates *gates = source_alloc(maker->sources, 1, sizeof *gates);
    if (!gates)
        return NULL;
    *gates = (struct gates){.rules = maker->policy->rules, .rule_count = count};
    gates->always = source_alloc(maker->sources, count / 64 + 1, sizeof *gates->always);
    gates->gate_of = source_alloc(maker->sources, count, sizeof *gates->gate_of);
    gates->next = source_alloc(maker->sources, count, sizeof *gates->next);
    maker->keyed = source_alloc(&maker->scratch, count, sizeof *maker->keyed);
    maker->plain = source_alloc(&maker->scratch, count, sizeof *maker->plain);
    return maker->sources->no_memory || maker->scratch.no_memory ? NULL : gates;
}

static struct gates *make(struct maker *maker)
{
    struct gates *gates = empty_gates(maker);
    for (size_t i = 0; gates && i < gates->rule_count; i++) {
        unsigned seen = 0;
        struct place place = {(uint32_t)i, -1, 0, &seen};
        maker->keyed[i] = maker->plain[i] = -1;
        if (gates->rules[i].condition >= 0)
            seek(maker, &place, gates->rules[i].condition);
        count_rule(maker, i);
    }
    for (size_t i = 0; gates && i < gates->rule_count; i++)
        choose(maker, i);
    if (!gates || !keep_groups(maker, gates))
        return NULL;
    link_rules(maker, gates);
    return place_keys(maker, gates) && !maker->scratch.no_memory ? gates : NULL;
}

const struct gates *gates_make(struct sources *sources, const struct policy *policy)
{
    struct maker maker = {
        .sources = sources, .scratch = {.arena = arena_new(SCRATCH_MAX)}, .policy = policy};
    struct gates *gates = maker.scratch.arena ? make(&maker) : NULL;
    sources->no_memory |= !gates;
    arena_free(&maker.scratch.arena);
    return gates;
}
