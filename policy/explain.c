/* SPDX-License-Identifier: ISC */
#include "policy/explain.h"

#include "policy/dates.h"
#include "policy/text.h"
#include "policy/types.h"

/* The part of a condition that made it what it is. */
static int decider(struct evaluation *evaluation, int index)
{
    const struct node *node = &evaluation->policy->nodes[index];
    if (node->op == OP_NOT)
        return decider(evaluation, node->left);
    if (node->op != OP_AND && node->op != OP_OR)
        return index;
    enum truth whole = eval_node(evaluation, index).truth;
    if (whole == (node->op == OP_AND ? TRUTH_TRUE : TRUTH_FALSE))
        return index;
    if (eval_node(evaluation, node->left).truth == whole)
        return decider(evaluation, node->left);
    return decider(evaluation, node->right);
}

/* Written on one line. */
static void append_source(const struct policy *policy, struct span at, struct buf *out)
{
    struct slice source = policy_source(policy, at);
    bool blank = false;
    for (size_t i = 0; i < source.len; i++) {
        bool space = ascii_blank(source.ptr[i]) || source.ptr[i] == '\n' || source.ptr[i] == '\r';
        if (space && !blank)
            buf_char(out, ' ');
        else if (!space)
            buf_char(out, source.ptr[i]);
        blank = space;
    }
}

static void append_value(struct buf *out, const char *name, const char *field,
                         const struct type *type, const struct value *value)
{
    bool quoted = type_is_textual(type) && value->state == VALUE_KNOWN;
    buf_printf(out, " (%s%s%s is %s", name, *field ? ", " : "", field, quoted ? "\"" : "");
    text_value(out, type, value);
    buf_cstr(out, quoted ? "\")" : ")");
}

/* The first field of the member that an `any` stopped at names it best. */
static void append_member(const struct evaluation *evaluation, const struct node *node,
                          struct buf *out)
{
    const struct operand *list = &evaluation->policy->operands[node->a];
    const struct value *member = evaluation->bound[node->slot];
    const struct type *type = list->type.element;
    if (!member)
        return;
    const char *name = list->kind == OPERAND_LITERAL ? "it" : fact_info(list->fact)->name;
    if (type->kind != TYPE_RECORD)
        append_value(out, name, "", type, member);
    else if (member->state == VALUE_KNOWN)
        append_value(out, name, type->record->fields[0].name, &type->record->fields[0].type,
                     &member->fields[0]);
}

static void append_operand(struct evaluation *evaluation, int index, struct buf *out)
{
    const struct operand *operand = &evaluation->policy->operands[index];
    bool records = operand->type.kind == TYPE_LIST && operand->type.element->kind == TYPE_RECORD;
    struct range range;
    struct value value;
    switch (operand->kind) {
    case OPERAND_COUNT:
        range = eval_count(evaluation, operand);
        buf_printf(out, " (there are %g%s)", range.low, range.high > range.low ? " or more" : "");
        return;
    case OPERAND_LITERAL:
        return;
    case OPERAND_KEYED:
    case OPERAND_PAIR:
        value = eval_operand(evaluation, index);
        append_value(out, "it", "", &operand->type, &value);
        return;
    default:
        value = eval_operand(evaluation, index);
        if (!records || value.state != VALUE_KNOWN)
            append_value(out, fact_info(operand->fact)->name,
                         operand->accessor == ACCESSOR_LOCAL    ? ".local"
                         : operand->accessor == ACCESSOR_DOMAIN ? ".domain"
                                                                : "",
                         &operand->type, &value);
    }
}

static void append_reason(struct evaluation *evaluation, const struct rule *rule, struct buf *out)
{
    if (rule->condition < 0) {
        buf_cstr(out, ", always");
        return;
    }
    const struct node *node = &evaluation->policy->nodes[decider(evaluation, rule->condition)];
    buf_cstr(out, ", because ");
    append_source(evaluation->policy, node->at, out);
    if (node->op == OP_ANY || node->op == OP_ALL)
        append_member(evaluation, node, out);
    else if (node->a >= 0)
        append_operand(evaluation, node->a, out);
}

static void explain_rule(struct evaluation *evaluation, const struct rule *rule, struct buf *out)
{
    static const char *const truths[] = {"false", "true", "unknown", "pending"};
    eval_begin_rule(evaluation);
    struct judgement judgement =
        rule->condition < 0 ? judge(true) : eval_node(evaluation, rule->condition);
    bool passed_over = rule_passes_over(rule, evaluation->facts);
    bool acts = !rule->observe && !passed_over && judgement.truth != TRUTH_FALSE;
    buf_printf(out, "%.*s:%u: %srule \"%.*s\": %s", SLICE_ARGS(rule->file), rule->line,
               rule->observe ? "observe " : "", SLICE_ARGS(rule->name), truths[judgement.truth]);
    append_reason(evaluation, rule, out);
    buf_cstr(out, passed_over ? "; passed over: the recipient is postmaster or abuse\n" : "\n");
    if (acts)
        eval_score(evaluation, rule, judgement);
}

static void append_delay(const struct verdict *verdict, struct buf *out)
{
    if (verdict->delay == 0)
        return;
    buf_cstr(out, ", delayed by ");
    duration_write(out, verdict->delay);
}

void unknown_describe(const struct verdict *verdict, struct buf *out)
{
    buf_printf(out, "%s %s", fact_info((enum fact)verdict->unknown)->name,
               verdict->tired ? "took too long" : "is unknown");
}

bool verdict_describe(const struct policy *policy, const struct verdict *verdict, struct buf *out)
{
    buf_cstr(out, action_info(verdict->action)->word);
    if (verdict->code != 250)
        buf_printf(out, " %u %.*s %.*s", verdict->code, SLICE_ARGS(verdict->enhanced),
                   SLICE_ARGS(verdict->text));
    if (verdict->unknown >= 0) {
        buf_cstr(out, ", because ");
        unknown_describe(verdict, out);
        buf_printf(out, " for rule \"%.*s\"", SLICE_ARGS(policy->rules[verdict->rule].name));
    } else if (verdict->rule >= 0)
        buf_printf(out, ", by rule \"%.*s\"", SLICE_ARGS(policy->rules[verdict->rule].name));
    else
        buf_cstr(out, ", no rule decided");
    append_delay(verdict, out);
    return buf_char(out, '\n');
}

bool policy_explain(const struct policy *policy, const struct facts *facts, enum phase through,
                    struct arena *arena, struct buf *out)
{
    struct evaluation evaluation = {.policy = policy,
                                    .facts = facts,
                                    .final = through == PHASE_MESSAGE,
                                    .score.doubt = judge(true),
                                    .exhausted = -1};
    struct verdict verdict;
    enum outcome outcome = policy_evaluate(policy, facts, through, arena, &verdict);
    for (size_t i = 0; i < policy->rule_count; i++)
        explain_rule(&evaluation, &policy->rules[i], out);
    if (outcome == OUTCOME_PENDING) {
        buf_printf(out, "no decision yet at %s", phase_word(through));
        append_delay(&verdict, out);
        buf_char(out, '\n');
    } else if (outcome == OUTCOME_DECIDED)
        verdict_describe(policy, &verdict, out);
    return outcome != OUTCOME_NO_MEMORY && !out->failed;
}
