/* SPDX-License-Identifier: ISC
 * Places on a family's queue, which is served in the order of arrival: so that no network of clients
 * fills it with messages that take long. The others' are as good as unbounded, and cost a look into
 * the table of times (scan_times.h). */
#ifndef PROXY_EXAMINE_SCAN_PLACES_H
#define PROXY_EXAMINE_SCAN_PLACES_H

#include "proxy/examine/examination.h"

/* Whether its network's messages take that family long, of late. */
bool scan_place_is_slow(const struct examination *e, enum scanner_kind kind, int64_t now);

/* A network has a bound of its own; all slow ones together have half of a family's workers, and one at
 * least. What is not PLACED waits. */
enum scan_placing { SCAN_PLACED, SCAN_BEYOND_ITS_OWN, SCAN_BEYOND_THE_SLOW };
enum scan_placing scan_place_take(const struct examination *e, enum scanner_kind kind, bool slow,
                                  int64_t now, struct scan_place *out);

/* So many microseconds of CPU it took by the scanner's own word, which is believed as far as so many
 * have passed since it was given the job. */
void scan_place_took(struct scan_place *place, uint32_t cpu, int64_t began, int64_t now);

/* The job is through, having taken place->ms; or it came to nothing. Without a place, nothing. */
void scan_place_give(struct proxy *proxy, struct scan_place *place);
void scan_place_give_back(struct proxy *proxy, struct scan_place *place);

#endif
