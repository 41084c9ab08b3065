/* SPDX-License-Identifier: ISC
 * Which rules need to be looked at. Most of many rules are false by one comparison that all of the
 * condition hangs on: `sender.domain == "a.example" and ...`, `any a in attachments (a.extension ==
 * "exe" ...)`. Such a comparison is the rule's gate. Rules whose gates ask the same of a message are a
 * group, and a group is asked once for all its rules: by a hash of the texts that they compare with,
 * or, where the comparisons are the same as well, by making it once.
 *
 * It changes nothing of what rules mean: a rule is left out only where looking at it would have said
 * false, or, while its gate is pending, where false or pending make no difference any more. */
#ifndef POLICY_GATES_H
#define POLICY_GATES_H

#include "policy/eval.h"

struct gates;

/* What a rule does that is pending; no more of it than that can come of one whose gate is. */
enum pending_effect {
    PENDING_WAITS = 1,  /* holds up what keeps the message */
    PENDING_BLOCKS = 2, /* holds up every verdict behind it */
    PENDING_DOUBTS = 4, /* makes the score pending */
};

/* Of a policy that is complete. NULL: memory. */
const struct gates *gates_make(struct sources *sources, const struct policy *policy);

/* The rules of one walk, in their order. */
struct candidates {
    const struct gates *gates;
    uint64_t *bits;   /* owned, one a rule; NULL: all rules are looked at */
    uint64_t pending; /* groups whose gates are */
    size_t next, count;
};

/* Asks all groups, of the evaluation's facts; before its first rule. candidates_end frees. */
struct candidates candidates_begin(struct evaluation *evaluation);

/* The next rule that is to be looked at. `moot`: the pending effects that make no difference behind
 * the rule before. False: there is none. */
bool candidates_next(struct candidates *candidates, unsigned moot, size_t *rule);
void candidates_end(struct candidates *candidates);

/* PENDING_DOUBTS where the score is pending already. */
unsigned moot_doubts(const struct evaluation *evaluation);

#endif
