/* SPDX-License-Identifier: ISC
 * Time zones: what o'clock it is somewhere at a moment, from the files of the zoneinfo database
 * (TZif, RFC 9636). The C library has one zone for a whole process, which our own time stamps are
 * written in; and it opens the files itself. Pure: neither files nor the clock are looked at. */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/slice.h"

/* When in a year the clocks are changed, as POSIX's TZ says it: the n-th day of a year, counted from
 * 1 without 29 February or from 0 with it, or a day of a week of a month. */
enum zone_day { ZONE_DAY_JULIAN, ZONE_DAY_OF_YEAR, ZONE_DAY_OF_WEEK };
struct zone_change {
    enum zone_day kind;
    int month, week, day;
    int32_t time; /* seconds after that day's midnight, as clocks show it before the change */
};

/* Offsets are seconds east of Greenwich. */
struct zone {
    /* What was: moments (8 octets each), the kind of time from each on (1), kinds of time (6). */
    struct slice moments, kinds_then, kinds;
    size_t count;
    /* What will be, behind the last of them. */
    bool has_rule, has_summer;
    int32_t standard, summer;
    struct zone_change begins, ends; /* summer time */
};

/* The same hour everywhere, without a file. */
extern const struct zone zone_utc;

/* Reads a TZif file, of version 2 or later and without leap seconds (those of zones "right/..." are
 * in another count of seconds than ours). *out points into it. False: it is none, or damaged. */
bool zone_read(struct slice file, struct zone *out);

/* Seconds east of Greenwich at `now`, seconds since 1970. */
int32_t zone_offset(const struct zone *zone, int64_t now);

/* The hour from 0 to 23; the days of a week from 0, Monday, to 6. */
struct zone_time {
    int hour, weekday;
};
struct zone_time zone_time(const struct zone *zone, int64_t now);

#endif
