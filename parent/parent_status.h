/* SPDX-License-Identifier: ISC
 * How the gateway does, for gatepostctl: asked for by the keeper. */
#ifndef PARENT_PARENT_STATUS_H
#define PARENT_PARENT_STATUS_H

#include "parent/parent.h"

/* Appends a JSON object. Times are seconds since 1970. False: `out` is full. */
bool parent_status(const struct parent *parent, struct buf *out);

#endif
