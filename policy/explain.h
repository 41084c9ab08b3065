/* SPDX-License-Identifier: ISC
 * Policies in words, for the people who write them. */
#ifndef POLICY_EXPLAIN_H
#define POLICY_EXPLAIN_H

#include "policy/policy.h"

/* For each rule a line: whether it holds for these facts, and the comparison that decided it, with
 * the value that it saw: policy.conf:53: rule "infected": false, because av.result == infected
 * (av.result is clean) and at the end the verdict. `through` as for policy_evaluate. False: `out`
 * is full or memory is out. */
bool policy_explain(const struct policy *policy, const struct facts *facts, enum phase through,
                    struct arena *arena, struct buf *out);

/* Why it is a defer when a fact made it one: "av.result is unknown", "message.subject took too long". */
void unknown_describe(const struct verdict *verdict, struct buf *out);

/* The verdict in one line: reject 550 5.7.1 malware found, by rule "infected". */
bool verdict_describe(const struct policy *policy, const struct verdict *verdict, struct buf *out);

#endif
