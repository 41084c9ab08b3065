/* SPDX-License-Identifier: ISC
 * What rules are told of when it is. */
#ifndef FILTERS_MOMENT_H
#define FILTERS_MOMENT_H

#include "policy/config.h"

/* time.*, of `now`, seconds since 1970, in the configuration's zone. */
void moment_facts(const struct config *config, int64_t now, struct facts *facts);

#endif
