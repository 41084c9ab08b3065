/* SPDX-License-Identifier: ISC
 * Rules that could not be decided, and might have led to a stricter verdict. */
#ifndef POLICY_UNDECIDED_H
#define POLICY_UNDECIDED_H

#include "policy/policy.h"

struct undecided {
    size_t rule;
    enum action action; /* the strictest that it has */
    enum fact fact;     /* not known */
};

struct undecided_rules {
    struct undecided *rules;
    size_t count, room;
};

/* Adds those rules, in source order and each once, which stand before the one that decided, whose facts are
 * unknown, and of which an action is stricter than `reached`; the rule that `reached` names itself is none of
 * them, and there is none where `reached` is a refusal for good. So it is called for one recipient after the
 * other. `through` as for policy_evaluate. *found, empty at first, lives in the arena, cut short when that is
 * full. */
void policy_undecided(const struct policy *policy, const struct facts *facts, enum phase through,
                      const struct verdict *reached, struct arena *arena,
                      struct undecided_rules *found);

#endif
