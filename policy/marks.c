/* SPDX-License-Identifier: ISC */
#include "policy/marks.h"

#include "policy/program.h"

bool policy_sets_field(const struct policy *policy, struct slice name)
{
    for (size_t i = 0; i < policy->action_count; i++) {
        const struct compiled_action *action = &policy->actions[i];
        if ((action->kind == ACTION_HEADER_ADD || action->kind == ACTION_HEADER_SET) &&
            slice_ieq(action->name, name))
            return true;
    }
    return false;
}

bool policy_gives_prefixes(const struct policy *policy)
{
    for (size_t i = 0; i < policy->action_count; i++)
        if (policy->actions[i].kind == ACTION_SUBJECT_PREFIX)
            return true;
    return false;
}

/* Where the literal of a piece stands at or behind `at`; behind a fact it may be farther. False: nowhere. */
static bool pass_literal(struct slice subject, struct slice literal, bool behind_fact, size_t *at)
{
    for (size_t from = *at; from + literal.len <= subject.len; from++) {
        if (slice_eq(slice_sub(subject, from, from + literal.len), literal)) {
            *at = from + literal.len;
            return true;
        }
        if (!behind_fact)
            return false;
    }
    return false;
}

/* One that is nothing but facts could be anything, and is not known again. */
static size_t extent(const struct text *text, struct slice subject)
{
    size_t at = 0;
    bool behind_fact = false;
    if (text->count == 0 || text->pieces[0].literal.len == 0)
        return 0;
    for (size_t i = 0; i < text->count; i++) {
        const struct piece *piece = &text->pieces[i];
        if (piece->literal.len && !pass_literal(subject, piece->literal, behind_fact, &at))
            return 0;
        behind_fact = piece->operand >= 0;
    }
    if (behind_fact)
        at += slice_find(slice_from(subject, at), ' ');
    return at < subject.len ? at : subject.len;
}

size_t policy_prefix_of(const struct policy *policy, struct slice subject)
{
    size_t longest = 0;
    for (size_t i = 0; i < policy->action_count; i++) {
        const struct compiled_action *action = &policy->actions[i];
        size_t len = action->kind == ACTION_SUBJECT_PREFIX ? extent(&action->text, subject) : 0;
        longest = len > longest ? len : longest;
    }
    return longest;
}
