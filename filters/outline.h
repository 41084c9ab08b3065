/* SPDX-License-Identifier: ISC
 * A message for people who have to decide on it: its important fields, its parts, its text. */
#ifndef FILTERS_OUTLINE_H
#define FILTERS_OUTLINE_H

#include "filters/scanner/scan_outline.h"

/* Within the bounds of scan_outline.h; what is past them is cut and says so. NULL when the arena is
 * full. */
const struct outline *outline_of(struct arena *arena, const struct mime_message *message);

#endif
