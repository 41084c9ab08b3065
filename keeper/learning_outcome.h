/* SPDX-License-Identifier: ISC
 * What became of a build, in words. */
#ifndef KEEPER_LEARNING_OUTCOME_H
#define KEEPER_LEARNING_OUTCOME_H

#include "common/learning.h"

/* Why, where it is not published; "" where it is. Valid until the next call. */
const char *learning_why(const struct learn_built *built);

/* As gatepostctl is told it. */
enum outcome_shared { OUTCOME_OWN, OUTCOME_SHARED, OUTCOME_NOT_YET_SHARED };
void learning_outcome_json(struct buf *out, const struct learn_built *built,
                           enum outcome_shared shared);

void learning_log(const struct learn_built *built);

#endif
