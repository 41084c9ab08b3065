/* SPDX-License-Identifier: ISC
 * The walk over the rules, for those who ask what they say: of a message, of a login, of a message
 * that is read. */
#ifndef POLICY_WALK_H
#define POLICY_WALK_H

#include "policy/eval.h"

struct walk {
    struct evaluation evaluation;
    struct arena *arena;
    struct verdict *out;
    /* Which rules there are; NULL: all. */
    bool (*counts)(const struct policy *policy, const struct rule *rule);
    /* A rule with a verdict has fired, and *out has it: whether it ends the walk. NULL: it does. */
    bool (*ends)(struct walk *walk, const struct rule *rule);
    bool blocked; /* an earlier verdict is pending */
    bool waiting; /* any earlier rule is pending */
    bool no_memory;
    /* The strictest unknown rule that defers; rule -1: none. */
    int doubtful_rule, doubtful_fact, doubtful_strictness;
    bool doubtful_tired;
};

/* Over these facts, pending ones counting as unknown when `final`; *out is the verdict of no rule:
 * accept. */
struct walk walk_begin(const struct policy *policy, const struct facts *facts, bool final,
                       struct arena *arena, struct verdict *out);

/* To the rule that ends it, or the last one. */
void walk_rules(struct walk *walk);

/* What came of it, in *out: a delivery that a stricter rule might have prevented, had its facts
 * been known, is a defer. */
enum outcome walk_end(struct walk *walk);

#endif
