/* SPDX-License-Identifier: ISC
 * What a time zone's clocks will do: POSIX's TZ, "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX 8.3, RFC 9636
 * 3.3). For base/zone.c. */
#ifndef BASE_ZONE_RULE_H
#define BASE_ZONE_RULE_H

#include "base/zone.h"

/* Into the rule of *out. False: it is none. */
bool zone_rule_read(struct slice text, struct zone *out);

/* By that rule alone. */
int32_t zone_rule_offset(const struct zone *zone, int64_t now);

#endif
