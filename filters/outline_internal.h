/* SPDX-License-Identifier: ISC */
#ifndef FILTERS_OUTLINE_INTERNAL_H
#define FILTERS_OUTLINE_INTERNAL_H

#include "base/buf.h"
#include "filters/outline.h"

/* The text: the first text/plain that is not blank, or else text/html; of what is shown at once
 * before what is attached. False when the arena is full. */
bool outline_read_text(struct arena *arena, const struct mime_message *message,
                       struct outline *out);

#endif
