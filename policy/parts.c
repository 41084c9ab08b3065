/* SPDX-License-Identifier: ISC */
#include "policy/parts.h"

#include "policy/types.h"

#include <stdlib.h>

bool part_of(const struct type *list, const struct value *member, unsigned *part)
{
    int field = record_field_index(list->element->record, SLICE("part"));
    if (field < 0 || member->state != VALUE_KNOWN || member->fields[field].state != VALUE_KNOWN)
        return false;
    double number = member->fields[field].number;
    *part = number >= 0 && number < 1e9 ? (unsigned)number : 0;
    return number >= 0 && number < 1e9;
}

/* Members of one archive follow each other. */
bool parts_add(struct parts *parts, struct arena *arena, unsigned part)
{
    if (parts->count > 0 && parts->numbers[parts->count - 1] == part)
        return true;
    unsigned *numbers =
        arena_grow(arena, parts->numbers, parts->count, &parts->room, sizeof *numbers);
    if (!numbers)
        return false;
    numbers[parts->count++] = part;
    parts->numbers = numbers;
    return true;
}

static int ascending(const void *a, const void *b)
{
    unsigned left = *(const unsigned *)a, right = *(const unsigned *)b;
    return (left > right) - (left < right);
}

void parts_sort(struct parts *parts)
{
    size_t kept = 0;
    if (parts->count > 0)
        qsort(parts->numbers, parts->count, sizeof *parts->numbers, ascending);
    for (size_t i = 0; i < parts->count; i++)
        if (kept == 0 || parts->numbers[kept - 1] != parts->numbers[i])
            parts->numbers[kept++] = parts->numbers[i];
    parts->count = kept;
}

struct search {
    struct evaluation *evaluation;
    struct arena *arena;
    struct parts *parts;
    bool no_memory;
};

struct finding {
    struct judgement judgement;
    bool names;    /* some parts, not nothing */
    bool doubtful; /* it may be more than those */
};

static bool lists_parts(const struct operand *list)
{
    return list->type.kind == TYPE_LIST && list->type.element->kind == TYPE_RECORD &&
           record_field_index(list->type.element->record, SLICE("part")) >= 0;
}

/* What is unknown, and not taken for harmless, may hold. */
static bool may_hold(struct judgement judgement)
{
    return judgement.truth == TRUTH_TRUE || (judgement.truth == TRUTH_UNKNOWN && judgement.defer);
}

static struct finding find_in_member(struct search *search, const struct node *node,
                                     const struct value *member)
{
    struct evaluation *evaluation = search->evaluation;
    const struct operand *list = &evaluation->policy->operands[node->a];
    struct finding found = {judge_unknown(evaluation, list->fact), true, true};
    unsigned part;
    if (!eval_work(evaluation, 1, list->fact))
        return found;
    evaluation->bound[node->slot] = member;
    found.judgement = eval_node(evaluation, node->left);
    if (found.judgement.truth != TRUTH_TRUE) {
        found.doubtful = may_hold(found.judgement);
        return found;
    }
    found.doubtful = !part_of(&list->type, member, &part);
    if (!found.doubtful && !parts_add(search->parts, search->arena, part))
        search->no_memory = true;
    return found;
}

static struct finding find_in_members(struct search *search, const struct node *node)
{
    struct evaluation *evaluation = search->evaluation;
    struct value list = eval_operand(evaluation, node->a);
    struct finding all = {judge(false), true, false};
    if (list.state == VALUE_ABSENT)
        return all;
    if (list.state != VALUE_KNOWN)
        return (struct finding){
            judge_missing(evaluation, &list, evaluation->policy->operands[node->a].fact), true,
            true};
    for (size_t i = 0; i < list.list.count && !search->no_memory; i++) {
        struct finding one = find_in_member(search, node, &list.list.items[i]);
        all.judgement = judge_or(all.judgement, one.judgement);
        all.doubtful |= one.doubtful;
    }
    all.doubtful |= list.list.cut;
    evaluation->bound[node->slot] = NULL;
    return all;
}

static struct finding find(struct search *search, int index);

static struct finding find_in_both(struct search *search, const struct node *node)
{
    struct finding left = find(search, node->left);
    if (left.judgement.truth == TRUTH_FALSE)
        return left;
    struct finding right = find(search, node->right);
    return (struct finding){judge_and(left.judgement, right.judgement), left.names || right.names,
                            left.doubtful || right.doubtful};
}

/* The parts of a side that is not known to hold have been taken back. */
static void add_side(struct finding *either, struct finding side)
{
    either->judgement = judge_or(either->judgement, side.judgement);
    if (!may_hold(side.judgement))
        return;
    either->names &= side.names;
    either->doubtful |= side.doubtful || (side.names && side.judgement.truth != TRUTH_TRUE);
}

static struct finding find_in_either(struct search *search, const struct node *node)
{
    struct finding either = {judge(false), true, false};
    add_side(&either, find(search, node->left));
    add_side(&either, find(search, node->right));
    return either;
}

static struct finding find_in_node(struct search *search, int index)
{
    const struct policy *policy = search->evaluation->policy;
    const struct node *node = &policy->nodes[index];
    if (node->op == OP_AND)
        return find_in_both(search, node);
    if (node->op == OP_OR)
        return find_in_either(search, node);
    if (node->op == OP_ANY && lists_parts(&policy->operands[node->a]))
        return find_in_members(search, node);
    return (struct finding){eval_node(search->evaluation, index), false, false};
}

/* Adds the parts of a condition that holds; of any other, none. */
static struct finding find(struct search *search, int index)
{
    size_t before = search->parts->count;
    struct finding found = find_in_node(search, index);
    if (found.judgement.truth != TRUTH_TRUE)
        search->parts->count = before;
    return found;
}

enum fired_on parts_fired_on(struct evaluation *evaluation, const struct rule *rule,
                             struct arena *arena, struct parts *parts)
{
    struct search search = {evaluation, arena, parts, false};
    if (rule->condition < 0)
        return FIRED_ON_WHOLE;
    eval_begin_rule(evaluation);
    struct finding found = find(&search, rule->condition);
    if (search.no_memory)
        return FIRED_ON_NO_MEMORY;
    bool told = found.judgement.truth == TRUTH_TRUE && found.names && !found.doubtful;
    return told ? FIRED_ON_PARTS : FIRED_ON_WHOLE;
}
