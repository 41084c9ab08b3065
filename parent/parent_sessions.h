/* SPDX-License-Identifier: ISC
 * The sessions as they are now, as JSON: asked for by the keeper. */
#ifndef PARENT_PARENT_SESSIONS_H
#define PARENT_PARENT_SESSIONS_H

#include "parent/parent.h"

/* Appends a line for each. False: `out` is full. */
bool parent_sessions(const struct parent *parent, struct buf *out);

#endif
