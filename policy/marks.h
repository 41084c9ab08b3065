/* SPDX-License-Identifier: ISC
 * What rules put on messages, known again on those that have it: what a message has because a rule fired is the
 * rule's word, and nothing of what the sender wrote. Rules that only observe count as well, as they may have done more
 * before. */
#ifndef POLICY_MARKS_H
#define POLICY_MARKS_H

#include "policy/policy.h"

/* Whether any adds or sets a field of this name, whatever its case. */
bool policy_sets_field(const struct policy *policy, struct slice name);

/* Whether any gives the subject a prefix. */
bool policy_gives_prefixes(const struct policy *policy);

/* How many octets at the beginning of a subject are a prefix that one gives; 0: none are. Facts in it may be
 * anything. */
size_t policy_prefix_of(const struct policy *policy, struct slice subject);

#endif
