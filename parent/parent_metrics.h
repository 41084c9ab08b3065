/* SPDX-License-Identifier: ISC
 * How the gateway does, as metrics (common/metrics.h): asked for by the keeper. */
#ifndef PARENT_PARENT_METRICS_H
#define PARENT_PARENT_METRICS_H

#include "parent/parent.h"

/* Appends them. False: `out` is full. */
bool parent_metrics(const struct parent *parent, struct buf *out);

#endif
