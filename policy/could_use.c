/* SPDX-License-Identifier: ISC */
#include "policy/eval.h"
#include "policy/text.h"

static bool names(const struct rule *rule, enum producer producer)
{
    return rule->names & UINT64_C(1) << producer;
}

/* One that holds waits for the texts of its actions. */
static bool has_pending_text(struct evaluation *evaluation, const struct rule *rule)
{
    for (size_t i = 0; i < rule->action_count; i++)
        if (text_pending(evaluation, &evaluation->policy->actions[rule->first_action + i].text))
            return true;
    return false;
}

static bool is_pending(const struct policy *policy, const struct facts *facts,
                       const struct rule *rule)
{
    struct evaluation evaluation = {
        .policy = policy, .facts = facts, .score.doubt = judge(true), .exhausted = -1};
    eval_begin_rule(&evaluation);
    enum truth truth =
        rule->condition < 0 ? TRUTH_TRUE : eval_node(&evaluation, rule->condition).truth;
    return truth == TRUTH_PENDING || (truth == TRUTH_TRUE && has_pending_text(&evaluation, rule));
}

/* Of one that names the score it is not known here what other rules add to that. */
bool policy_could_use(const struct policy *policy, const struct facts *facts,
                      enum producer producer, enum phase through)
{
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct rule *rule = &policy->rules[i];
        if (names(rule, producer) && !rule->observe && rule->holds.phase <= through &&
            !rule_passes_over(rule, facts) &&
            (names(rule, PRODUCER_POLICY) || is_pending(policy, facts, rule)))
            return true;
    }
    return false;
}
