/* SPDX-License-Identifier: ISC
 * All that this host has to be told, as a script for sh. */
#ifndef CONSOLE_TRANSPARENT_CAPTURE_SCRIPT_H
#define CONSOLE_TRANSPARENT_CAPTURE_SCRIPT_H

#include "console/transparent/capture_rules.h"

/* May be run again and again: each time it is what the configuration says now. */
void capture_script(struct buf *out, const struct capture_plan *plan,
                    const struct capture_rules *rules, const struct capture_options *options);

/* The part that is for nft alone: our tables, taken away and made anew at once. */
void capture_tables(struct buf *out, const struct capture_rules *rules,
                    const struct capture_options *options);

#endif
