/* SPDX-License-Identifier: ISC
 * Single comparisons. A list on the left stands for any of its members. What is absent is equal to
 * nothing, in no table, and matches nothing; `!=` is exactly the opposite of `==`. */
#include "policy/eval.h"
#include "policy/letters.h"
#include "policy/table.h"
#include "policy/types.h"

#include <string.h>

enum {
    REGEX_STEPS = 20,
    REGEX_STEP = 8, /* steps of PCRE2 that cost one of ours */
    REGEX_TIRED = 100000
};

static const struct operand *operand_of(const struct evaluation *evaluation, int index)
{
    return &evaluation->policy->operands[index];
}

static bool is_ranged(const struct operand *operand)
{
    return operand->kind == OPERAND_COUNT || operand->kind == OPERAND_SCORE;
}

static double as_number(enum type_kind kind, const struct value *value)
{
    return kind == TYPE_NUMBER ? value->number : (double)value->integer;
}

static struct range range_of(struct evaluation *evaluation, const struct operand *operand,
                             const struct value *value)
{
    if (operand->kind == OPERAND_COUNT)
        return eval_count(evaluation, operand);
    if (operand->kind == OPERAND_SCORE)
        return (struct range){evaluation->score.low, evaluation->score.high,
                              evaluation->score.doubt};
    double number = as_number(
        operand->type.kind == TYPE_LIST ? operand->type.element->kind : operand->type.kind, value);
    return (struct range){number, number, judge(true)};
}

/* -1 false for every pair of numbers of the two ranges, 1 true for every pair, 0 neither. */
static int compare_ranges(enum compare compare, const struct range *a, const struct range *b)
{
    bool certain = a->low == a->high && b->low == b->high;
    bool disjoint = a->high < b->low || b->high < a->low;
    switch (compare) {
    case COMPARE_EQ:
        return disjoint ? -1 : certain ? 1 : 0;
    case COMPARE_NE:
        return disjoint ? 1 : certain ? -1 : 0;
    case COMPARE_LT:
        return a->high < b->low ? 1 : a->low >= b->high ? -1 : 0;
    case COMPARE_LE:
        return a->high <= b->low ? 1 : a->low > b->high ? -1 : 0;
    case COMPARE_GT:
        return a->low > b->high ? 1 : a->high <= b->low ? -1 : 0;
    default:
        return a->low >= b->high ? 1 : a->high < b->low ? -1 : 0;
    }
}

static struct judgement compare_numbers(struct evaluation *evaluation, const struct node *node,
                                        const struct value *a, const struct value *b)
{
    struct range left = range_of(evaluation, operand_of(evaluation, node->a), a);
    struct range right = range_of(evaluation, operand_of(evaluation, node->b), b);
    /* a score or count that still changes is not compared before its time, however it looks */
    int result = compare_ranges(node->compare, &left, &right);
    struct judgement doubt = judge_and(left.doubt, right.doubt);
    if (doubt.truth == TRUTH_PENDING || result == 0)
        return doubt.truth == TRUTH_TRUE ? judge(false) : doubt;
    return judge(result > 0);
}

/* Without the dot at a domain's end. */
static struct slice bare(struct slice s, bool name)
{
    return name && s.len > 0 && s.ptr[s.len - 1] == '.' ? slice_sub(s, 0, s.len - 1) : s;
}

static bool same_text(struct slice a, struct slice b, enum folding folding)
{
    return folding == FOLD_NAMES ? slice_ieq(bare(a, true), bare(b, true)) : letters_same(a, b);
}

static bool same_value(const struct type *type, enum folding folding, const struct value *a,
                       const struct value *b)
{
    switch (type->kind) {
    case TYPE_BOOL:
        return a->truth == b->truth;
    case TYPE_IP:
        return memcmp(&a->ip, &b->ip, sizeof a->ip) == 0;
    case TYPE_ENUM:
        return a->integer == b->integer;
    default:
        return same_text(a->text, b->text, folding);
    }
}

static struct judgement compare_values(struct evaluation *evaluation, const struct node *node,
                                       const struct type *type, const struct value *a)
{
    struct value b = {.state = VALUE_KNOWN};
    const struct operand *right = operand_of(evaluation, node->b);
    if (!is_ranged(right)) {
        b = eval_operand(evaluation, node->b);
        if (b.state == VALUE_ABSENT)
            return judge(node->compare == COMPARE_NE);
        if (b.state != VALUE_KNOWN)
            return judge_missing(evaluation, &b, right->fact);
    }
    if (type_is_ordered(type))
        return compare_numbers(evaluation, node, a, &b);
    return judge(same_value(type, node->folding, a, &b) == (node->compare == COMPARE_EQ));
}

static bool find_folded(struct slice text, struct slice needle)
{
    for (size_t i = 0; needle.len <= text.len && i <= text.len - needle.len; i++)
        if (slice_istarts(slice_from(text, i), needle))
            return true;
    return false;
}

static bool holds(struct slice text, struct slice needle, enum folding folding)
{
    if (folding == FOLD_LETTERS)
        return letters_hold(text, needle);
    if (folding == FOLD_NAMES)
        return find_folded(text, needle);
    if (needle.len == 0 || needle.len > text.len)
        return needle.len == 0;
    return memmem(text.ptr, text.len, needle.ptr, needle.len) != NULL;
}

static bool starts(struct slice text, struct slice start, enum folding folding)
{
    if (folding == FOLD_LETTERS)
        return letters_start(text, start);
    return folding == FOLD_NAMES ? slice_istarts(text, start) : slice_starts(text, start);
}

static bool ends(struct slice text, struct slice ending, enum folding folding)
{
    if (folding == FOLD_LETTERS)
        return letters_end(text, ending);
    if (folding == FOLD_NAMES)
        return slice_iends(bare(text, true), bare(ending, true));
    return ending.len <= text.len && slice_eq(slice_from(text, text.len - ending.len), ending);
}

static struct judgement search_text(struct evaluation *evaluation, const struct node *node,
                                    struct slice text)
{
    const struct operand *right = operand_of(evaluation, node->b);
    struct value b = eval_operand(evaluation, node->b);
    enum fact fact = operand_of(evaluation, node->a)->fact;
    if (b.state == VALUE_ABSENT)
        return judge(false);
    if (b.state != VALUE_KNOWN)
        return judge_missing(evaluation, &b, right->fact);
    bool folds = node->folding != FOLD_NOTHING;
    size_t steps = text.len / SCAN_STEP +
                   (node->op == OP_CONTAINS && folds ? text.len * b.text.len / SCAN_STEP : 0);
    if (!eval_work(evaluation, steps, fact))
        return judge_unknown(evaluation, fact);
    if (node->op == OP_CONTAINS)
        return judge(holds(text, b.text, node->folding));
    if (node->op == OP_ENDS)
        return judge(ends(text, b.text, node->folding));
    return judge(starts(text, b.text, node->folding));
}

static struct judgement match(struct evaluation *evaluation, const struct node *node,
                              struct slice text)
{
    enum fact fact = operand_of(evaluation, node->a)->fact;
    if (!eval_work(evaluation, REGEX_STEPS + text.len / SCAN_STEP, fact))
        return judge_unknown(evaluation, fact);
    uint64_t steps = (uint64_t)evaluation->work * REGEX_STEP, left = steps;
    int found = regex_match(node->regex, text, &left);
    bool in_time = eval_work(evaluation, (size_t)((steps - left) / REGEX_STEP), fact);
    if (found >= 0)
        return judge(found > 0);
    if (in_time)
        eval_work(evaluation, REGEX_TIRED, fact);
    return judge_unknown(evaluation, fact);
}

static struct judgement eval_member(struct evaluation *evaluation, const struct node *node,
                                    const struct type *type, const struct value *a)
{
    enum fact fact = operand_of(evaluation, node->a)->fact;
    if (a->state == VALUE_ABSENT)
        return judge(node->op == OP_COMPARE && node->compare == COMPARE_NE);
    if (a->state != VALUE_KNOWN)
        return judge_missing(evaluation, a, fact);
    switch (node->op) {
    case OP_COMPARE:
        return compare_values(evaluation, node, type, a);
    case OP_TRUTH:
        return judge(a->truth);
    case OP_IN_TABLE:
        if (!eval_work(evaluation, a->text.len / SCAN_STEP, fact))
            return judge_unknown(evaluation, fact);
        return judge(type->kind == TYPE_TEXT
                         ? table_holds_letters(node->table, a->text)
                         : table_holds_text(node->table, bare(a->text, type->kind == TYPE_DOMAIN)));
    case OP_IN_NETWORKS:
        return judge(table_holds_ip(node->table, &a->ip));
    case OP_IN_NETWORK:
        return judge(network_holds(&node->network, &a->ip));
    case OP_IN_WORDS:
        return judge(a->integer >= 0 && a->integer < 64 && (node->words >> a->integer & 1));
    case OP_MATCHES:
        return match(evaluation, node, a->text);
    default:
        return search_text(evaluation, node, a->text);
    }
}

static struct judgement eval_any_member(struct evaluation *evaluation, const struct node *node,
                                        const struct operand *operand, const struct list *list)
{
    struct judgement all = judge(false);
    for (size_t i = 0; i < list->count; i++) {
        if (!eval_work(evaluation, 1, operand->fact))
            return judge_unknown(evaluation, operand->fact);
        all = judge_or(all, eval_member(evaluation, node, operand->type.element, &list->items[i]));
        if (all.truth == TRUTH_TRUE)
            return all;
    }
    return list->cut ? judge_or(all, judge_unknown(evaluation, operand->fact)) : all;
}

/* is absent, is known, unknown(): a list without members counts as absent. */
static struct judgement eval_state(struct evaluation *evaluation, const struct node *node)
{
    const struct operand *operand = operand_of(evaluation, node->a);
    struct value value = is_ranged(operand) ? value_number(0) : eval_operand(evaluation, node->a);
    if (evaluation->exhausted >= 0)
        return judge_unknown(evaluation, operand->fact);
    bool list = operand->type.kind == TYPE_LIST && value.state == VALUE_KNOWN;
    bool cut = list && value.list.cut, empty = list && value.list.count == 0;
    if (value.state == VALUE_PENDING)
        return judge_missing(evaluation, &value, operand->fact);
    if (node->op == OP_UNKNOWN)
        return judge(value.state == VALUE_UNKNOWN || cut);
    if (node->op == OP_KNOWN)
        return judge(value.state == VALUE_KNOWN && !empty);
    if (value.state == VALUE_UNKNOWN || (empty && cut))
        return judge_unknown(evaluation, operand->fact);
    return judge(value.state == VALUE_ABSENT || empty);
}

struct judgement eval_leaf(struct evaluation *evaluation, const struct node *node)
{
    const struct operand *operand = operand_of(evaluation, node->a);
    if (!eval_work(evaluation, 1, operand->fact))
        return judge_unknown(evaluation, operand->fact);
    if (node->op == OP_ABSENT || node->op == OP_KNOWN || node->op == OP_UNKNOWN)
        return eval_state(evaluation, node);
    if (is_ranged(operand)) {
        static const struct value nothing = {.state = VALUE_KNOWN};
        return eval_member(evaluation, node, &operand->type, &nothing);
    }
    struct value a = eval_operand(evaluation, node->a);
    if (operand->type.kind == TYPE_LIST && a.state == VALUE_KNOWN)
        return eval_any_member(evaluation, node, operand, &a.list);
    return eval_member(evaluation, node, &operand->type, &a);
}
