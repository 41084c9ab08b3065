/* SPDX-License-Identifier: ISC
 * Calendars and cards: files come to no more than what was written. */
#include "filters/containers/calendar.h"
#include "tests/fuzz/target.h"

enum { ARENA = 16 << 20 };

FUZZ_WITH_ARENA(raw, ARENA)
{
    struct calendar calendar;
    struct calendar_file file;
    size_t octets = 0;
    calendar_is(raw);
    if (!calendar_open(arena, raw, &calendar))
        return;
    while (calendar_next(&calendar, &file)) {
        require(file.n_names > 0 && file.n_names <= CALENDAR_NAMES_MAX && file.names[0].len > 0);
        octets += file.content.len;
    }
    require(octets <= raw.len);
}
