/* SPDX-License-Identifier: ISC
 * Texts that a double click runs, or that open something: scripts, shortcuts, settings. */
#ifndef FILTERS_FILES_TEXT_TYPE_H
#define FILTERS_FILES_TEXT_TYPE_H

#include "base/slice.h"

/* The media type, a constant; empty when it is none of those. In UTF-16 as well. */
struct slice text_type(struct slice content);

#endif
