/* SPDX-License-Identifier: ISC */
#include "policy/eval.h"

#include "policy/pairs.h"

#include <string.h>

enum { PAIR_STEP = 16 /* octets of a key that are looked up in one step of work */ };

void eval_begin_rule(struct evaluation *evaluation)
{
    evaluation->work = WORK_MAX;
    evaluation->exhausted = -1;
    memset(evaluation->bound, 0, sizeof evaluation->bound);
}

struct judgement judge(bool truth)
{
    return (struct judgement){.truth = truth ? TRUTH_TRUE : TRUTH_FALSE, .fact = -1};
}

static bool defers(const struct facts *facts, const struct fact_info *info)
{
    return info->on_unknown == ON_UNKNOWN_DEFER ||
           ((facts->unexamined || facts->unasked) && info->producer == PRODUCER_AUTHENTICATION);
}

/* Work that ran out defers whatever the fact: else a sender could tire a rule until it passes. */
struct judgement judge_unknown(const struct evaluation *evaluation, enum fact fact)
{
    bool tired = evaluation->exhausted >= 0;
    return (struct judgement){.truth = TRUTH_UNKNOWN,
                              .defer = tired || defers(evaluation->facts, fact_info(fact)),
                              .fact = tired ? evaluation->exhausted : (int)fact,
                              .tired = tired};
}

struct judgement judge_missing(const struct evaluation *evaluation, const struct value *value,
                               enum fact fact)
{
    if (value->state == VALUE_PENDING && !evaluation->final)
        return (struct judgement){.truth = TRUTH_PENDING, .fact = (int)fact};
    return judge_unknown(evaluation, fact);
}

bool eval_work(struct evaluation *evaluation, size_t steps, enum fact fact)
{
    if (evaluation->work >= steps) {
        evaluation->work -= steps;
        return true;
    }
    evaluation->work = 0;
    if (evaluation->exhausted < 0)
        evaluation->exhausted = (int)fact;
    return false;
}

/* Pending outweighs unknown, and an unknown that defers one that does not. */
static struct judgement graver(struct judgement a, struct judgement b)
{
    if (a.truth != b.truth)
        return a.truth > b.truth ? a : b;
    return b.defer && !a.defer ? b : a;
}

static struct judgement combine(struct judgement a, struct judgement b, enum truth decides)
{
    if (a.truth == decides || b.truth == decides)
        return judge(decides == TRUTH_TRUE);
    if (a.truth >= TRUTH_UNKNOWN || b.truth >= TRUTH_UNKNOWN)
        return graver(a, b);
    return a;
}

struct judgement judge_and(struct judgement a, struct judgement b)
{
    return combine(a, b, TRUTH_FALSE);
}

struct judgement judge_or(struct judgement a, struct judgement b)
{
    return combine(a, b, TRUTH_TRUE);
}

static struct judgement judge_not(struct judgement a)
{
    if (a.truth <= TRUTH_TRUE)
        return judge(a.truth == TRUTH_FALSE);
    return a;
}

void score_add(struct score *score, double points, struct judgement judgement)
{
    if (judgement.truth == TRUTH_TRUE) {
        score->low += points;
        score->high += points;
        score->sum += points;
        return;
    }
    *(points < 0 ? &score->low : &score->high) += points;
    score->doubt = judge_and(score->doubt, judgement);
}

void eval_score(struct evaluation *evaluation, const struct rule *rule, struct judgement judgement)
{
    for (size_t i = 0; i < rule->action_count; i++) {
        const struct compiled_action *action = &evaluation->policy->actions[rule->first_action + i];
        if (action->kind == ACTION_SCORE)
            score_add(&evaluation->score, action->points, judgement);
    }
}

static struct slice address_part(struct slice address, enum accessor accessor, bool *there)
{
    size_t at = slice_rfind(address, '@');
    *there = accessor == ACCESSOR_LOCAL || at < address.len;
    return accessor == ACCESSOR_LOCAL ? slice_sub(address, 0, at) : slice_from(address, at + 1);
}

static struct value read_pair(struct evaluation *evaluation, const struct operand *operand)
{
    struct value key = eval_operand(evaluation, operand->of);
    if (key.state != VALUE_KNOWN)
        return key;
    if (!eval_work(evaluation, key.text.len / PAIR_STEP, operand->fact))
        return value_unknown();
    enum type_kind kind = evaluation->policy->operands[operand->of].type.kind;
    bool dot = kind == TYPE_DOMAIN && key.text.len > 0 && key.text.ptr[key.text.len - 1] == '.';
    return pairs_look_up(operand->table, slice_sub(key.text, 0, key.text.len - dot),
                         kind == TYPE_TEXT);
}

static struct value read_operand(struct evaluation *evaluation, const struct operand *operand)
{
    const struct value *member;
    switch (operand->kind) {
    case OPERAND_FACT:
        return evaluation->facts->fact[operand->fact];
    case OPERAND_KEYED:
        return evaluation->facts->keyed ? evaluation->facts->keyed[operand->key]
                                        : (struct value){0};
    case OPERAND_VARIABLE:
        member = evaluation->bound[operand->slot];
        if (!member)
            return value_absent();
        return operand->field < 0 || member->state != VALUE_KNOWN ? *member
                                                                  : member->fields[operand->field];
    case OPERAND_PAIR:
        return read_pair(evaluation, operand);
    case OPERAND_SCORE:
        return value_number(evaluation->score.sum);
    default:
        return operand->literal;
    }
}

struct value eval_operand(struct evaluation *evaluation, int index)
{
    const struct operand *operand = &evaluation->policy->operands[index];
    struct value value = read_operand(evaluation, operand);
    if (value.state == VALUE_PENDING && evaluation->final)
        return value_unknown();
    if (operand->accessor == ACCESSOR_NONE || value.state != VALUE_KNOWN)
        return value;
    bool there;
    struct slice part = address_part(value.text, operand->accessor, &there);
    return there ? value_text(part) : value_absent();
}

static struct judgement eval_members(struct evaluation *evaluation, const struct node *node)
{
    enum fact fact = evaluation->policy->operands[node->a].fact;
    struct value list = eval_operand(evaluation, node->a);
    bool any = node->op == OP_ANY;
    struct judgement all_members = judge(!any);
    if (list.state == VALUE_ABSENT)
        return all_members;
    if (list.state != VALUE_KNOWN)
        return judge_missing(evaluation, &list, fact);
    for (size_t i = 0; i < list.list.count; i++) {
        if (!eval_work(evaluation, 1, fact))
            return judge_unknown(evaluation, fact);
        evaluation->bound[node->slot] = &list.list.items[i];
        struct judgement one = eval_node(evaluation, node->left);
        if (one.truth == (any ? TRUTH_TRUE : TRUTH_FALSE))
            return judge(any);
        all_members = any ? judge_or(all_members, one) : judge_and(all_members, one);
    }
    evaluation->bound[node->slot] = NULL;
    struct judgement tail = list.list.cut ? judge_unknown(evaluation, fact) : judge(!any);
    return any ? judge_or(all_members, tail) : judge_and(all_members, tail);
}

struct range eval_count(struct evaluation *evaluation, const struct operand *operand)
{
    struct range range = {.doubt = judge(true)};
    enum fact fact = operand->fact;
    struct value list = eval_operand(evaluation, operand->list);
    if (list.state == VALUE_ABSENT)
        return range;
    if (list.state != VALUE_KNOWN)
        return (struct range){0, __builtin_inf(), judge_missing(evaluation, &list, fact)};
    for (size_t i = 0; i < list.list.count; i++) {
        evaluation->bound[operand->slot] = &list.list.items[i];
        struct judgement one = judge(true);
        if (!eval_work(evaluation, 1, fact))
            one = judge_unknown(evaluation, fact);
        else if (operand->condition >= 0)
            one = eval_node(evaluation, operand->condition);
        range.low += one.truth == TRUTH_TRUE;
        range.high += one.truth != TRUTH_FALSE;
        range.doubt = judge_and(range.doubt, one.truth == TRUTH_FALSE ? judge(true) : one);
    }
    evaluation->bound[operand->slot] = NULL;
    if (list.list.cut) {
        range.high = __builtin_inf();
        range.doubt = judge_and(range.doubt, judge_unknown(evaluation, fact));
    }
    return range;
}

struct judgement eval_node(struct evaluation *evaluation, int index)
{
    const struct node *node = &evaluation->policy->nodes[index];
    struct judgement left;
    switch (node->op) {
    case OP_NOT:
        return judge_not(eval_node(evaluation, node->left));
    case OP_AND:
        left = eval_node(evaluation, node->left);
        return left.truth == TRUTH_FALSE ? left
                                         : judge_and(left, eval_node(evaluation, node->right));
    case OP_OR:
        left = eval_node(evaluation, node->left);
        return left.truth == TRUTH_TRUE ? left : judge_or(left, eval_node(evaluation, node->right));
    case OP_ANY:
    case OP_ALL:
        return eval_members(evaluation, node);
    default:
        return eval_leaf(evaluation, node);
    }
}
