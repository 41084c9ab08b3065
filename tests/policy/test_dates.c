/* SPDX-License-Identifier: ISC */
#include "policy/dates.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

static void reads(int64_t milliseconds, const char *expected)
{
    struct buf out = buf_init(100);
    duration_write(&out, milliseconds);
    if (!slice_eq(buf_slice(&out), slice_of(expected)))
        fprintf(stderr, "%s: %.*s\n", expected, SLICE_ARGS(buf_slice(&out)));
    assert_true(slice_eq(buf_slice(&out), slice_of(expected)));
    buf_release(&out);
}

TEST(test_durations_are_one_unit_rounded_up)
{
    reads(0, "0 seconds");
    reads(-5, "0 seconds");
    reads(1, "1 second");
    reads(1000, "1 second");
    reads(59001, "1 minute");
    reads(61000, "61 seconds");
    reads(119000, "119 seconds");
    reads(300000, "5 minutes");
    reads(253000, "5 minutes");
    reads(3600000, "1 hour");
    reads(3601000, "61 minutes");
    reads(7200001, "121 minutes");
    reads(200000, "200 seconds");
    reads(86400000, "1 day");
    reads(172800000, "2 days");
    reads(172801000, "49 hours");
    reads(345601000, "5 days");
    reads(INT64_MAX, "106751991168 days");
}

static void shows(int64_t seconds, const char *expected)
{
    struct buf out = buf_init(100);
    date_write(&out, seconds);
    assert_true(slice_eq(buf_slice(&out), slice_of(expected)));
    buf_release(&out);
}

TEST(test_times_are_dates_in_utc)
{
    shows(0, "1970-01-01 00:00 UTC");
    shows(951782399, "2000-02-28 23:59 UTC");
    shows(951782400, "2000-02-29 00:00 UTC");
    shows(1709251199, "2024-02-29 23:59 UTC");
    shows(-1, "1970-01-01 00:00 UTC");
    shows(253402300799, "9999-12-31 23:59 UTC");
    shows(INT64_MAX, "9999-12-31 23:59 UTC");
}

TEST(test_dates_are_read_as_they_are_written)
{
    for (int64_t t = 0; t < 253402300799; t += 40 * 86400 + 3661 * 60) {
        char expected[40];
        struct buf out = buf_init(100);
        time_t clock = t;
        struct tm tm;
        int64_t back;
        strftime(expected, sizeof expected, "%Y-%m-%d %H:%M UTC", gmtime_r(&clock, &tm));
        date_write(&out, t);
        assert_true(slice_eq(buf_slice(&out), slice_of(expected)));
        assert_true(date_parse(buf_slice(&out), &back) && back == t / 60 * 60);
        buf_release(&out);
    }
}

TEST(test_only_dates_are_dates)
{
    static const char *const wrong[] = {"",
                                        "2026",
                                        "2026-1-1",
                                        "2026-02-29",
                                        "2026-13-01",
                                        "2026-00-01",
                                        "1969-12-31",
                                        "2026-01-01x",
                                        "2026-01-01 24:00",
                                        "2026-01-01 1:00",
                                        "2026-01-01T10:00"};
    int64_t t;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(date_parse(slice_of(wrong[i]), &t));
    assert_true(date_parse(SLICE("2026-01-31"), &t) && t == 1769817600);
    assert_true(date_parse(SLICE("2026-01-31 17:05"), &t) && t == 1769817600 + 61500);
}
