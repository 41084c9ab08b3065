/* SPDX-License-Identifier: ISC
 * What the rules said, as members of a JSON object: for decision records and gatepostctl. */
#ifndef POLICY_VERDICT_JSON_H
#define POLICY_VERDICT_JSON_H

#include "policy/policy.h"

/* "rules": names of those that held, "observed": of observed ones, "score", "score_parts", "delay"
 * in milliseconds if there is one. Without the braces; `verdict` may be NULL: it did not come to
 * the rules. Overflow shows in out->failed. */
void verdict_json(struct buf *out, const struct policy *policy, const struct verdict *verdict);

#endif
