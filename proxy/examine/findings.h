/* SPDX-License-Identifier: ISC
 * Some of a set of facts, in little room: those that are known of a client, while its session waits. */
#ifndef PROXY_EXAMINE_FINDINGS_H
#define PROXY_EXAMINE_FINDINGS_H

#include "policy/facts.h"
#include "policy/policy.h"

struct findings;

/* Copies of those that are not pending, of facts (`of_fact`) and of policy_keys (`of_key`); nothing in
 * them lies anywhere but in the arena. NULL: it is full. */
struct findings *findings_new(struct arena *arena, const struct policy *policy,
                              const struct facts *facts, bool (*of_fact)(enum fact fact),
                              bool (*of_key)(const struct policy_key *key));

/* Into these facts, which have them pending; of keyed ones if there are places for them. */
void findings_put(const struct findings *findings, struct facts *facts);

/* Those of this producer become unknown. */
void findings_fail(struct findings *findings, enum producer producer);

#endif
