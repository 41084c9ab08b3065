/* SPDX-License-Identifier: ISC
 * Time, in one place, so that unit tests can move it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_ms(void);      /* monotonic milliseconds, for durations */
int64_t clock_wall(void);    /* seconds since 1970, for dates */
int64_t clock_wall_ms(void); /* the same in milliseconds */

/* For unit tests: both clocks stand `ms` milliseconds further than they would. */
void clock_advance(int64_t ms);

#endif
