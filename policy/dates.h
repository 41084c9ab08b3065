/* SPDX-License-Identifier: ISC
 * Durations and times as people write them. Without a clock or a time zone: UTC. */
#ifndef POLICY_DATES_H
#define POLICY_DATES_H

#include "base/buf.h"
#include "base/slice.h"

/* "5 minutes", "90 seconds", "1 hour": in one unit, rounded up, so that who waits that long has
 * waited long enough. Negative ones count as none. */
void duration_write(struct buf *out, int64_t milliseconds);

/* "2026-01-31 17:05 UTC", of seconds since 1970; years 1970 to 9999. */
void date_write(struct buf *out, int64_t seconds);

/* "2026-01-31", "2026-01-31 17:05", "2026-01-31 17:05 UTC". */
bool date_parse(struct slice text, int64_t *seconds);

#endif
