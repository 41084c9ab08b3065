/* SPDX-License-Identifier: ISC
 * What the rules say of logins. */
#include "policy/walk.h"

static bool has_no_meaning(const struct policy *policy, const struct rule *rule)
{
    if (!rule->terminal)
        return false;
    enum action verdict = policy->actions[rule->first_action + rule->action_count - 1].kind;
    return verdict == ACTION_DISCARD || verdict == ACTION_QUARANTINE || verdict == ACTION_REDIRECT;
}

static bool is_of_logins(const struct policy *policy, const struct rule *rule)
{
    return rule->condition >= 0 && rule->complete_at <= PHASE_LOGIN &&
           !has_no_meaning(policy, rule);
}

bool policy_judges_logins(const struct policy *policy)
{
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct rule *rule = &policy->rules[i];
        if (!rule->observe && rule->names_login && is_of_logins(policy, rule))
            return true;
    }
    return false;
}

enum outcome policy_evaluate_login(const struct policy *policy, const struct facts *facts,
                                   struct arena *arena, struct verdict *out)
{
    struct walk walk = walk_begin(policy, facts, true, arena, out);
    walk.counts = is_of_logins;
    walk_rules(&walk);
    enum outcome outcome = walk_end(&walk);
    if (out->unknown >= 0)
        out->text = SLICE("the login could not be checked now, try again later");
    return outcome;
}
