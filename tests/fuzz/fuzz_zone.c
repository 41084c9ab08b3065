/* SPDX-License-Identifier: ISC
 * A file of a time zone: what is one has an hour at every moment. */
#include "base/zone.h"
#include "tests/fuzz/target.h"

static void ask(const struct zone *zone, int64_t now)
{
    struct zone_time time = zone_time(zone, now);
    require(time.hour >= 0 && time.hour < 24 && time.weekday >= 0 && time.weekday < 7);
}

FUZZ(file)
{
    struct zone zone;
    if (!zone_read(file, &zone))
        return;
    static const int64_t moments[] = {INT64_MIN,  -2145916800, -1,       0,
                                      1774746000, 4118083200,  INT64_MAX};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
        ask(&zone, moments[i]);
}
