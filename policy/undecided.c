/* SPDX-License-Identifier: ISC */
#include "policy/undecided.h"

#include "policy/gates.h"

#include <string.h>

struct seeking {
    struct evaluation evaluation;
    const struct verdict *reached;
    struct arena *arena;
    struct undecided_rules *found;
};

static enum action strictest(const struct policy *policy, const struct rule *rule)
{
    enum action strictest = ACTION_ACCEPT;
    for (size_t i = 0; i < rule->action_count; i++) {
        enum action kind = policy->actions[rule->first_action + i].kind;
        if (action_info(kind)->strictness > action_info(strictest)->strictness)
            strictest = kind;
    }
    return strictest;
}

static void add(struct seeking *seeking, const struct undecided *undecided)
{
    struct undecided_rules *found = seeking->found;
    size_t at = found->count;
    while (at > 0 && found->rules[at - 1].rule > undecided->rule)
        at--;
    if (at > 0 && found->rules[at - 1].rule == undecided->rule)
        return;
    struct undecided *rules =
        arena_grow(seeking->arena, found->rules, found->count, &found->room, sizeof *found->rules);
    if (!rules)
        return;
    memmove(rules + at + 1, rules + at, (found->count - at) * sizeof *rules);
    rules[at] = *undecided;
    found->rules = rules;
    found->count++;
}

static void note(struct seeking *seeking, size_t index, const struct rule *rule, int fact)
{
    enum action action = strictest(seeking->evaluation.policy, rule);
    int strictness = action_info(action)->strictness;
    if (fact >= 0 && (int)index != seeking->reached->rule &&
        strictness > action_info(seeking->reached->action)->strictness)
        add(seeking, &(struct undecided){index, action, (enum fact)fact});
}

/* True: it decides, and what follows is not looked at. */
static bool decides(struct seeking *seeking, size_t index, const struct rule *rule)
{
    struct evaluation *evaluation = &seeking->evaluation;
    eval_begin_rule(evaluation);
    struct judgement judgement =
        rule->condition < 0 ? judge(true) : eval_node(evaluation, rule->condition);
    if (judgement.truth != TRUTH_FALSE)
        eval_score(evaluation, rule, judgement);
    if (judgement.truth == TRUTH_UNKNOWN)
        note(seeking, index, rule, judgement.fact);
    return judgement.truth == TRUTH_TRUE && rule->terminal;
}

static void seek(struct seeking *seeking)
{
    struct evaluation *evaluation = &seeking->evaluation;
    struct candidates candidates = candidates_begin(evaluation);
    bool decided = false;
    for (size_t i; !decided &&
                   candidates_next(&candidates,
                                   PENDING_WAITS | PENDING_BLOCKS | moot_doubts(evaluation), &i);) {
        const struct rule *rule = &evaluation->policy->rules[i];
        decided = !rule->observe && !rule_passes_over(rule, evaluation->facts) &&
                  decides(seeking, i, rule);
    }
    candidates_end(&candidates);
}

void policy_undecided(const struct policy *policy, const struct facts *facts, enum phase through,
                      const struct verdict *reached, struct arena *arena,
                      struct undecided_rules *found)
{
    struct seeking seeking = {.evaluation = {.policy = policy,
                                             .facts = facts,
                                             .final = through == PHASE_MESSAGE,
                                             .score.doubt = judge(true),
                                             .exhausted = -1},
                              .reached = reached,
                              .arena = arena,
                              .found = found};
    bool for_good = reached->action == ACTION_REJECT || reached->action == ACTION_DROP;
    if (!for_good)
        seek(&seeking);
}
