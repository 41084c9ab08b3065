/* SPDX-License-Identifier: ISC
 * A message as it was before rules of this site put their marks on it: what is learnt must not be what they thought of
 * it, or a model would learn its own verdicts. */
#ifndef FILTERS_UNMARKED_H
#define FILTERS_UNMARKED_H

#include "base/arena.h"
#include "policy/policy.h"

/* Gives `put` its octets in their order, without fields that a rule of this policy adds or sets, and without prefixes
 * of the subject. False: `put` has said so. `arena`: for a moment. */
bool unmarked(struct slice message, const struct policy *policy, struct arena *arena,
              bool (*put)(void *ctx, struct slice octets), void *ctx);

/* Whether it has any such mark. */
bool is_marked(struct slice message, const struct policy *policy, struct arena *arena);

#endif
