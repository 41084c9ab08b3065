/* SPDX-License-Identifier: ISC */
#include "policy/eval.h"
#include "policy/text.h"

struct asking {
    const struct policy *policy;
    const struct facts *facts;
    enum phase through;
    bool score_counts; /* some rule looks at it */
};

static bool names(const struct rule *rule, enum producer producer)
{
    return rule->names & UINT64_C(1) << producer;
}

static bool any_names(const struct policy *policy, enum producer producer)
{
    for (size_t i = 0; i < policy->rule_count; i++)
        if (names(&policy->rules[i], producer))
            return true;
    return false;
}

/* Of one that names the score it is not known here what other rules add to that, nor when; one that adds to it tells
 * those behind it something when it is false, too. */
static bool is_in_time(const struct asking *asking, const struct rule *rule)
{
    return rule->holds.phase <= asking->through || names(rule, PRODUCER_POLICY) ||
           (rule->scores && asking->score_counts && rule->fails.phase <= asking->through);
}

static bool awaits_texts(const struct asking *asking, const struct rule *rule,
                         struct evaluation *evaluation)
{
    for (size_t i = 0; i < rule->action_count; i++)
        if (text_pending(evaluation, &asking->policy->actions[rule->first_action + i].text))
            return rule->texts.phase <= asking->through;
    return false;
}

static bool is_open(const struct asking *asking, const struct rule *rule)
{
    struct evaluation evaluation = {.policy = asking->policy,
                                    .facts = asking->facts,
                                    .score.doubt = judge(true),
                                    .exhausted = -1};
    if (names(rule, PRODUCER_POLICY))
        return true;
    eval_begin_rule(&evaluation);
    enum truth truth =
        rule->condition < 0 ? TRUTH_TRUE : eval_node(&evaluation, rule->condition).truth;
    return truth == TRUTH_PENDING ||
           (truth == TRUTH_TRUE && awaits_texts(asking, rule, &evaluation));
}

bool policy_could_use(const struct policy *policy, const struct facts *facts,
                      enum producer producer, enum phase through)
{
    const struct asking asking = {policy, facts, through, any_names(policy, PRODUCER_POLICY)};
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct rule *rule = &policy->rules[i];
        if (names(rule, producer) && !rule->observe && is_in_time(&asking, rule) &&
            !rule_passes_over(rule, facts) && is_open(&asking, rule))
            return true;
    }
    return false;
}
