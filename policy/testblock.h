/* SPDX-License-Identifier: ISC
 * Tests that stand in a configuration: compiled with it, run by config_run_tests. */
#ifndef POLICY_TESTBLOCK_H
#define POLICY_TESTBLOCK_H

#include "policy/program.h"

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
    struct slice file;
    unsigned line;
};

struct policy_test {
    struct slice name;
    struct given *givens;
    size_t given_count;
    struct expectation *expectations;
    size_t expectation_count;
};

#endif
