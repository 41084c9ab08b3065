/* SPDX-License-Identifier: ISC
 * Tests that stand in a configuration: compiled with it, run by config_run_tests. */
#ifndef POLICY_TESTBLOCK_H
#define POLICY_TESTBLOCK_H

#include "policy/program.h"
#include "policy/source.h"

/* A fact that a test gives. */
struct given {
    enum fact fact;
    int key; /* index among the policy's keys; -1: not keyed */
    struct value value;
};

struct expectation {
    enum expect_kind kind;
    enum action action;
    int rule; /* -1: any */
    bool negated;
    enum compare compare;
    double score;
    /* What else is compared; ptr NULL, or 0: whatever it is. */
    struct slice name, text, enhanced;
    unsigned code;
    int64_t delay;
    struct span at; /* the word "expect" */
};

/* Whether the verdict, of a message with these facts, is as expected. */
bool expectation_fits(const struct expectation *expected, const struct verdict *verdict,
                      const struct facts *facts);

/* What was expected, and what it is instead: "expected reject by \"x\", got accept". */
void expectation_describe(const struct policy *policy, const struct expectation *expected,
                          const struct verdict *verdict, const struct facts *facts,
                          struct buf *out);

struct policy_test {
    struct slice name;
    struct given *givens;
    size_t given_count;
    struct expectation *expectations;
    size_t expectation_count;
};

#endif
