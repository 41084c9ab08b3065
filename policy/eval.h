/* SPDX-License-Identifier: ISC
 * Conditions over facts, in Kleene's logic with two kinds of not knowing: pending (a later phase
 * will tell) and unknown (nobody will). What does not depend on a pending fact is settled: no later
 * fact changes it. */
#ifndef POLICY_EVAL_H
#define POLICY_EVAL_H

#include "policy/program.h"

enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN, TRUTH_PENDING };

struct judgement {
    enum truth truth;
    bool defer; /* of unknown: the fact's default is to defer */
    int fact;   /* of unknown or pending: an enum fact that is to blame */
    bool tired; /* of unknown: the fact is known, and took the rule too long */
};

/* The score so far: between low and high, for rules that are unknown may or may not add to it. */
struct score {
    double low, high, sum;  /* sum: of the rules that fired */
    struct judgement doubt; /* TRUTH_TRUE: none; pending outweighs unknown */
};

/* A rule with these points: it held, or (unknown, pending) may have. */
void score_add(struct score *score, double points, struct judgement judgement);

struct evaluation {
    const struct policy *policy;
    const struct facts *facts;
    bool final; /* what is pending still is unknown */
    struct score score;
    const struct value *bound[SLOTS_MAX]; /* members; those of an `any` that held stay */
    size_t work;                          /* steps left for this rule */
    int exhausted; /* the fact over whose members they ran out; -1: they did not */
};

/* The points of a rule that held, or (unknown, pending) may have. */
void eval_score(struct evaluation *evaluation, const struct rule *rule, struct judgement judgement);

/* Before each rule: a fresh allowance of work, and nothing is bound. */
void eval_begin_rule(struct evaluation *evaluation);

enum { SCAN_STEP = 16 /* octets of a text that are looked at for one step of work */ };

struct judgement eval_node(struct evaluation *evaluation, int node);

/* An operand's value; never pending when `final`. Of count and score: not for these. */
struct value eval_operand(struct evaluation *evaluation, int operand);

/* One comparison, without what surrounds it. Used by eval_node. */
struct judgement eval_leaf(struct evaluation *evaluation, const struct node *node);

struct judgement judge(bool truth);
/* Of a fact that is pending or unknown. */
struct judgement judge_missing(const struct evaluation *evaluation, const struct value *value,
                               enum fact fact);
struct judgement judge_unknown(const struct evaluation *evaluation, enum fact fact);
struct judgement judge_and(struct judgement a, struct judgement b);
struct judgement judge_or(struct judgement a, struct judgement b);

/* Takes steps; false when none are left: the answer is then unknown. */
bool eval_work(struct evaluation *evaluation, size_t steps, enum fact fact);

/* The members of a list for which the condition (-1: any) holds: between low and high of them. */
struct range {
    double low, high;
    struct judgement doubt; /* why low != high */
};
struct range eval_count(struct evaluation *evaluation, const struct operand *operand);

#endif
