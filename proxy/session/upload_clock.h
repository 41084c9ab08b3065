/* SPDX-License-Identifier: ISC
 * How a message comes in from a client: how long it may be silent, and how slow it may be, each by
 * itself. A silence is no slowness but for a moment, or who scans while he sends would be given up;
 * so moment by moment who sends an octet now and then is found out nevertheless. */
#ifndef PROXY_SESSION_UPLOAD_CLOCK_H
#define PROXY_SESSION_UPLOAD_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All times are milliseconds of clock_ms. */
struct upload_clock {
    int64_t heard;   /* when something came last, or was first waited for */
    int64_t counted; /* of the minute over which the rate is taken */
    uint64_t came;   /* octets in it */
};

void upload_begin(struct upload_clock *clock, int64_t now);

/* More has come. False: a minute is over, and it was less than `rate` octets a second (0: no limit). */
bool upload_came(struct upload_clock *clock, int64_t now, size_t octets, uint64_t rate);

/* How long the silence may still last, of `most`; 0: it was too long. */
int64_t upload_patience(const struct upload_clock *clock, int64_t now, int64_t most);

#endif
