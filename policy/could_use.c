/* SPDX-License-Identifier: ISC */
#include "policy/eval.h"

static bool names(const struct rule *rule, enum producer producer)
{
    return rule->names & UINT64_C(1) << producer;
}

static bool is_pending(const struct policy *policy, const struct facts *facts,
                       const struct rule *rule)
{
    struct evaluation evaluation = {
        .policy = policy, .facts = facts, .score.doubt = judge(true), .exhausted = -1};
    eval_begin_rule(&evaluation);
    return rule->condition >= 0 && eval_node(&evaluation, rule->condition).truth == TRUTH_PENDING;
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
