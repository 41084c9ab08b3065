/* SPDX-License-Identifier: ISC
 * Where a configuration says what it says, for whoever finds out later that it cannot work. */
#ifndef POLICY_PLACE_H
#define POLICY_PLACE_H

#include "policy/config.h"

/* No place in it: then the file is named alone, where the configuration was read from one. */
#define NOWHERE ((struct span){0, 0, 0})

/* The value of a setting that the configuration gives, or NOWHERE. */
struct span place_of_setting(const struct config *config, const char *block, const char *word);

/* The first rule that wants what this one finds out, or NOWHERE. */
struct span place_of_asking(const struct config *config, enum producer producer);

/* As the parser says it: FILE:LINE:COL: error: text, then the line and a caret. */
void place_error(const struct config *config, struct buf *report, struct span at,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));
void place_warning(const struct config *config, struct buf *report, struct span at,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
