/* SPDX-License-Identifier: ISC
 * Hours and days of zones at moments, against what calendars say and against the C library. */
#include "base/zone.h"
#include "tests/harness/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FILE_MOST = 64 * 1024 };

ARENA_TESTS(64 << 20);

#define FOLDER "/usr/share/zoneinfo/"

static struct slice read_file(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, FOLDER "%s", name);
    int fd = open(path, O_RDONLY);
    char *octets = arena_alloc(arena, FILE_MOST);
    assert_non_null(octets);
    ssize_t n = fd >= 0 ? read(fd, octets, FILE_MOST) : -1;
    if (fd >= 0)
        close(fd);
    return n > 0 ? (struct slice){octets, (size_t)n} : (struct slice){NULL, 0};
}

static struct zone zone_of(const char *name)
{
    struct zone zone;
    if (!zone_read(read_file(name), &zone))
        fail_msg("%s cannot be read", name);
    return zone;
}

enum weekday { MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY };

static void assert_time(const struct zone *zone, int64_t now, int hour, enum weekday weekday)
{
    struct zone_time time = zone_time(zone, now);
    if (time.hour != hour || time.weekday != (int)weekday)
        fail_msg("at %lld: hour %d, day %d", (long long)now, time.hour, time.weekday);
}

TEST(test_without_a_zone_it_is_the_time_of_greenwich)
{
    assert_time(&zone_utc, 0, 0, THURSDAY);
    assert_time(&zone_utc, -1, 23, WEDNESDAY);
    assert_time(&zone_utc, 1753999199, 21, THURSDAY); /* 2025-07-31 21:59:59 */
    assert_time(&zone_utc, 1753999200, 22, THURSDAY);
    assert_time(&zone_utc, 951782400, 0, TUESDAY); /* 2000-02-29 */
}

TEST(test_an_hour_is_left_out_when_summer_time_begins)
{
    struct zone berlin = zone_of("Europe/Berlin");
    assert_time(&berlin, 1774745999, 1, SUNDAY); /* 2026-03-29 01:59:59 +0100 */
    assert_time(&berlin, 1774746000, 3, SUNDAY); /* 03:00:00 +0200 */
}

TEST(test_an_hour_comes_twice_when_it_ends)
{
    struct zone berlin = zone_of("Europe/Berlin");
    assert_time(&berlin, 1792886399, 1, SUNDAY); /* 2026-10-25 01:59:59 +0200 */
    assert_time(&berlin, 1792886400, 2, SUNDAY);
    assert_time(&berlin, 1792889999, 2, SUNDAY); /* 02:59:59 +0200 */
    assert_time(&berlin, 1792890000, 2, SUNDAY); /* 02:00:00 +0100 */
    assert_time(&berlin, 1792893600, 3, SUNDAY);
}

TEST(test_days_begin_where_the_zone_is)
{
    struct zone auckland = zone_of("Pacific/Auckland"), honolulu = zone_of("Pacific/Honolulu");
    assert_time(&auckland, 1767268800, 1, FRIDAY); /* 2026-01-01 12:00 UTC is the 2nd, 01:00 */
    assert_time(&honolulu, 1767268800, 2, THURSDAY);
    assert_time(&honolulu, 1767225600, 14, WEDNESDAY);
}

TEST(test_half_hours_and_quarters_count)
{
    struct zone kolkata = zone_of("Asia/Kolkata"), kathmandu = zone_of("Asia/Kathmandu");
    assert_time(&kolkata, 1767225600 + 1799, 5, THURSDAY); /* 2026-01-01 05:59:59 +0530 */
    assert_time(&kolkata, 1767225600 + 1800, 6, THURSDAY);
    assert_int_equal(zone_offset(&kathmandu, 1767225600), 20700);
}

TEST(test_what_a_rule_says_holds_behind_the_last_moment)
{
    struct zone berlin = zone_of("Europe/Berlin"), sydney = zone_of("Australia/Sydney");
    assert_int_equal(zone_offset(&berlin, 4102444800), 3600); /* 2100-01-01 */
    assert_int_equal(zone_offset(&berlin, 4118083200), 7200); /* 2100-07-01 */
    assert_int_equal(zone_offset(&sydney, 4102444800), 39600);
    assert_int_equal(zone_offset(&sydney, 4118083200), 36000);
}

/* ---- against the C library ---- */

static void compare_at(const char *name, const struct zone *zone, time_t now)
{
    struct tm there;
    assert_non_null(localtime_r(&now, &there));
    struct zone_time time = zone_time(zone, now);
    if (time.hour != there.tm_hour || time.weekday != (there.tm_wday + 6) % 7 ||
        zone_offset(zone, now) != there.tm_gmtoff)
        fail_msg("%s at %lld: hour %d, day %d, offset %d; the C library: %d, %d, %ld", name,
                 (long long)now, time.hour, time.weekday, zone_offset(zone, now), there.tm_hour,
                 (there.tm_wday + 6) % 7, there.tm_gmtoff);
}

/* From 1902 to 2400, and each second around what changes from then to 2037. */
static void compare(const char *name)
{
    struct zone zone = zone_of(name);
    char path[256];
    snprintf(path, sizeof path, ":%s", name);
    setenv("TZ", path, 1);
    tzset();
    for (int64_t now = INT64_C(-2145916800); now < INT64_C(13569465600); now += 8647213)
        compare_at(name, &zone, (time_t)now);
    int32_t before = zone_offset(&zone, -2145916800);
    for (int64_t now = -2145916800; now < INT64_C(2145916800); now += 86400) {
        int32_t offset = zone_offset(&zone, now);
        for (int64_t at = now - 86400; offset != before && at <= now; at += 900)
            for (int second = -1; second <= 0; second++)
                compare_at(name, &zone, (time_t)(at + second));
        before = offset;
    }
}

TEST(test_every_zone_is_what_the_c_library_makes_of_it)
{
    char *list = arena_alloc(arena, FILE_MOST + 1), *rest = list, *line;
    struct slice table = read_file("zone1970.tab");
    assert_true(table.len > 10000);
    memcpy(list, table.ptr, table.len);
    unsigned zones = 0;
    while ((line = strsep(&rest, "\n"))) {
        char name[80];
        if (sscanf(line, "%*[A-Z,] %*s %79s", name) == 1 && *line != '#') {
            compare(name);
            zones++;
        }
    }
    assert_true(zones > 300);
    unsetenv("TZ");
    tzset();
}

/* ---- files that are none ---- */

TEST(test_a_file_that_ends_too_early_is_none)
{
    struct slice whole = read_file("Europe/Berlin");
    struct zone zone;
    assert_true(zone_read(whole, &zone));
    for (size_t len = 0; len < whole.len; len++) {
        char *copy = malloc(len + 1); /* so that a look beyond it is seen */
        assert_non_null(copy);
        memcpy(copy, whole.ptr, len);
        assert_false(zone_read((struct slice){copy, len}, &zone));
        free(copy);
    }
}

TEST(test_zones_that_count_leap_seconds_are_refused)
{
    struct zone zone;
    assert_false(zone_read(read_file("right/Europe/Berlin"), &zone));
}

TEST(test_tables_are_no_zones)
{
    struct zone zone;
    assert_false(zone_read(read_file("zone1970.tab"), &zone));
}

TEST(test_moments_beyond_all_calendars_have_an_hour)
{
    struct zone berlin = zone_of("Europe/Berlin");
    static const int64_t moments[] = {INT64_MAX, INT64_MIN, INT64_MAX / 2, -1};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        struct zone_time time = zone_time(&berlin, moments[i]);
        assert_in_range(time.hour, 0, 23);
        assert_in_range(time.weekday, 0, 6);
    }
}
