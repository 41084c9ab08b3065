/* SPDX-License-Identifier: ISC
 * Whose messages have taken scanners how long of late, in this process: a table of fixed size. A
 * network is *slow* with a family of scanners while its messages take long each, and together, or more
 * than half of all the time there is. What is remembered fades. */
#ifndef PROXY_EXAMINE_SCAN_TIMES_H
#define PROXY_EXAMINE_SCAN_TIMES_H

#include "filters/scanner/scan_job.h"

struct scan_times;

/* One block, for free() if it is ever to end. NULL: out of memory. */
struct scan_times *scan_times_new(void);

/* A family whose queue is asked for. */
struct scan_family {
    enum scanner_kind kind;
    unsigned workers;
};

/* `who` is a hash that nobody outside can aim; 0: of nobody, who is never slow and may always. Times
 * are clock_ms. */
bool scan_times_is_slow(const struct scan_times *times, uint64_t who,
                        const struct scan_family *family, int64_t now);

/* One more job of his is given to the family; he waits (false) while he has many there: half as many
 * as there are workers, as long as it is not known that they are quick. Who is slow is bounded elsewhere
 * as well. */
bool scan_times_begin(struct scan_times *times, uint64_t who, const struct scan_family *family,
                      int64_t now);

/* It is through, having taken so many milliseconds of CPU; or came to nothing, with 0. */
void scan_times_end(struct scan_times *times, uint64_t who, enum scanner_kind kind, double ms,
                    int64_t now);

#endif
