/* SPDX-License-Identifier: ISC
 * Which comparison is a rule's gate: one of those that `and` joins, and that all before it leaves
 * work for. */
#include "policy/gates_find.h"

#include "policy/table.h"
#include "policy/types.h"

enum {
    ENTRIES_MAX = 64,  /* of a table whose entries become keys of the group */
    PATTERN_MAX = 1024 /* octets that say what a group asks */
};

/* Where in a condition a gate is looked for. */
struct place {
    uint32_t rule;
    int list; /* within `any` over this operand; -1: not */
    unsigned slot;
    unsigned *seen; /* nodes, up to GATE_NODES_MAX */
};

static const struct operand *operand_at(const struct gate_finder *finder, int index)
{
    return &finder->policy->operands[index];
}

static const struct node *node_at(const struct gate_finder *finder, int index)
{
    return &finder->policy->nodes[index];
}

/* ---- what takes a bounded number of steps ---- */

static bool is_plain(const struct gate_finder *finder, int index)
{
    if (index < 0)
        return true;
    const struct operand *operand = operand_at(finder, index);
    return operand->kind != OPERAND_COUNT && operand->kind != OPERAND_PAIR &&
           operand->type.kind != TYPE_LIST;
}

static bool is_comparison(const struct node *node)
{
    return node->op == OP_TRUTH || node->op == OP_COMPARE || node->op == OP_IN_TABLE ||
           node->op == OP_IN_NETWORKS || node->op == OP_IN_NETWORK || node->op == OP_IN_WORDS ||
           node->op == OP_ABSENT || node->op == OP_KNOWN || node->op == OP_UNKNOWN;
}

static unsigned nodes_of(const struct gate_finder *finder, int index)
{
    const struct node *node = node_at(finder, index);
    unsigned count = 1;
    if (node->left >= 0 && (node->op == OP_NOT || node->op == OP_AND || node->op == OP_OR))
        count += nodes_of(finder, node->left);
    if (node->op == OP_AND || node->op == OP_OR)
        count += nodes_of(finder, node->right);
    return count;
}

static bool is_cheap(const struct gate_finder *finder, int index)
{
    const struct node *node = node_at(finder, index);
    if (node->op == OP_NOT)
        return is_cheap(finder, node->left);
    if (node->op == OP_AND || node->op == OP_OR)
        return is_cheap(finder, node->left) && is_cheap(finder, node->right);
    return is_comparison(node) && node->op != OP_IN_TABLE && is_plain(finder, node->a) &&
           is_plain(finder, node->b);
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
static int group_for(struct gate_finder *finder, struct buf *pattern, const struct gate *gate)
{
    size_t number = finder->group_count;
    if (pattern->failed || name_index_find(&finder->patterns, buf_slice(pattern), &number))
        return pattern->failed ? -1 : (int)number;
    struct slice copy = arena_copy(finder->scratch.arena, buf_slice(pattern));
    struct gate_group *groups =
        source_grow(&finder->scratch, finder->groups, finder->group_count, sizeof *groups);
    if (!copy.ptr || !groups || !name_index_add(&finder->scratch, &finder->patterns, copy, number))
        return -1;
    finder->groups = groups;
    groups[finder->group_count++] = (struct gate_group){.gate = *gate};
    return (int)number;
}

/* ---- gates by texts ---- */

static bool put_key(struct gate_finder *finder, uint32_t group, uint32_t rule, struct slice text)
{
    char room[GATE_FOLDED_MAX];
    struct slice folded = gate_fold(text, room);
    uint32_t hash = GATE_HASH_START;
    for (size_t i = folded.len; i-- > 0;)
        hash = gate_hash_more(hash, ascii_lower(folded.ptr[i]));
    struct gate_found_key *keys =
        source_grow(&finder->scratch, finder->keys, finder->key_count, sizeof *keys);
    if (!keys)
        return false;
    finder->keys = keys;
    keys[finder->key_count++] = (struct gate_found_key){group, hash, rule};
    if (slice_starts(text, SLICE("*.")) || slice_starts(text, SLICE("@")))
        finder->groups[group].gate.endings = true;
    return true;
}

static bool put_entries(struct gate_finder *finder, uint32_t group, uint32_t rule,
                        const struct table *table)
{
    size_t at = 0;
    for (struct slice entry; table_each(table, &at, &entry);)
        if (!put_key(finder, group, rule, entry))
            return false;
    return true;
}

/* `OPERAND == "text"`, `OPERAND in ["text" ...]`. */
static bool names_texts(const struct gate_finder *finder, const struct node *node)
{
    if (node->op == OP_IN_TABLE)
        return table_count(node->table) <= ENTRIES_MAX;
    return node->op == OP_COMPARE && node->compare == COMPARE_EQ &&
           operand_at(finder, node->b)->kind == OPERAND_LITERAL &&
           type_is_textual(&operand_at(finder, node->b)->type) &&
           operand_at(finder, node->b)->literal.state == VALUE_KNOWN &&
           operand_at(finder, node->b)->literal.text.len <= GATE_TEXT_MAX;
}

/* What the place's message is asked for: of `any`, a member or its field. */
static bool is_subject(const struct gate_finder *finder, const struct place *place, int index)
{
    const struct operand *operand = operand_at(finder, index);
    const struct type *type = &operand->type;
    if (place->list >= 0)
        return operand->kind == OPERAND_VARIABLE && operand->slot == place->slot &&
               type_is_textual(type);
    if (type->kind == TYPE_LIST && operand->accessor == ACCESSOR_NONE)
        type = type->element;
    return (operand->kind == OPERAND_FACT || operand->kind == OPERAND_KEYED) &&
           type_is_textual(type);
}

static int group_of_texts(struct gate_finder *finder, const struct place *place, int operand)
{
    char room[PATTERN_MAX];
    struct buf pattern = buf_over(room, sizeof room);
    struct gate gate = {
        .keyed = true, .list = place->list, .operand = operand, .slot = place->slot};
    buf_char(&pattern, place->list >= 0 ? 'm' : 'k');
    put_operand(&pattern, operand_at(finder, operand));
    if (place->list >= 0)
        put_operand(&pattern, operand_at(finder, place->list));
    return group_for(finder, &pattern, &gate);
}

/* The group of a comparison with texts, or of several that `or` joins; -1: it is no such. */
static int text_group(struct gate_finder *finder, const struct place *place, int index)
{
    const struct node *node = node_at(finder, index);
    if (node->op == OP_OR) {
        int left = text_group(finder, place, node->left);
        return left >= 0 && text_group(finder, place, node->right) == left ? left : -1;
    }
    if (!is_comparison(node) || !is_subject(finder, place, node->a) || !names_texts(finder, node))
        return -1;
    return group_of_texts(finder, place, node->a);
}

static bool put_texts(struct gate_finder *finder, uint32_t group, uint32_t rule, int index)
{
    const struct node *node = node_at(finder, index);
    if (node->op == OP_OR)
        return put_texts(finder, group, rule, node->left) &&
               put_texts(finder, group, rule, node->right);
    return node->op == OP_IN_TABLE
               ? put_entries(finder, group, rule, node->table)
               : put_key(finder, group, rule, operand_at(finder, node->b)->literal.text);
}

/* ---- gates that are the same comparison ---- */

/* False: it compares with what has no short pattern. */
static bool put_literal(const struct gate_finder *finder, struct buf *pattern,
                        const struct node *node)
{
    if (node->b < 0)
        return true;
    const struct operand *operand = operand_at(finder, node->b);
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

static bool put_other_side(const struct gate_finder *finder, struct buf *pattern,
                           const struct node *node)
{
    switch (node->op) {
    case OP_COMPARE:
        return PUT(pattern, node->compare) && put_literal(finder, pattern, node);
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

static int plain_group(struct gate_finder *finder, int index)
{
    char room[PATTERN_MAX];
    struct buf pattern = buf_over(room, sizeof room);
    struct gate gate = {.node = index, .list = -1};
    const struct node *node = node_at(finder, index);
    buf_char(&pattern, node->op == OP_NOT ? '!' : '=');
    if (node->op == OP_NOT)
        node = node_at(finder, node->left);
    if (!is_comparison(node) || !is_plain(finder, node->a) ||
        (operand_at(finder, node->a)->kind != OPERAND_FACT &&
         operand_at(finder, node->a)->kind != OPERAND_KEYED))
        return -1;
    PUT(&pattern, node->op);
    put_operand(&pattern, operand_at(finder, node->a));
    return put_other_side(finder, &pattern, node) ? group_for(finder, &pattern, &gate) : -1;
}

/* ---- a rule ---- */

static bool seek(struct gate_finder *finder, const struct place *place, int index);

static bool seek_in_members(struct gate_finder *finder, const struct place *place,
                            const struct node *node)
{
    struct place within = {place->rule, node->a, node->slot, place->seen};
    const struct operand *list = operand_at(finder, node->a);
    if (place->list < 0 && (list->kind == OPERAND_FACT || list->kind == OPERAND_KEYED))
        seek(finder, &within, node->left);
    return false; /* how many steps it takes, the message says */
}

/* One of those that `and` joins. */
static void offer(struct gate_finder *finder, const struct place *place, int index)
{
    int *keyed = &finder->keyed[place->rule], *plain = &finder->plain[place->rule];
    if (*keyed < 0) {
        int group = text_group(finder, place, index);
        if (group >= 0 && put_texts(finder, (uint32_t)group, place->rule, index))
            *keyed = group;
    }
    if (*plain < 0 && place->list < 0)
        *plain = plain_group(finder, index);
}

/* True: what follows may be a gate as well. */
static bool seek(struct gate_finder *finder, const struct place *place, int index)
{
    const struct node *node = node_at(finder, index);
    if (node->op == OP_AND)
        return seek(finder, place, node->left) && seek(finder, place, node->right);
    *place->seen += nodes_of(finder, index);
    if (*place->seen > GATE_NODES_MAX)
        return false;
    if (node->op == OP_ANY)
        return seek_in_members(finder, place, node);
    offer(finder, place, index);
    return is_cheap(finder, index);
}

void gates_find(struct gate_finder *finder, uint32_t rule, int condition)
{
    unsigned seen = 0;
    struct place place = {rule, -1, 0, &seen};
    finder->keyed[rule] = finder->plain[rule] = -1;
    if (condition >= 0)
        seek(finder, &place, condition);
}
