/* SPDX-License-Identifier: ISC
 * Whose messages take scanners long, and how many each may have on a queue. */
#include "proxy/examine/scan_times.h"

#include "tests/harness/unit.h"

#include <stdlib.h>

enum { WHO = 7, OTHER = 8, T = 1000000, HALF_LIFE = 30000 };

static const struct scan_family two = {SCANNER_SCAN, 2}, antivirus = {SCANNER_AV, 2};
static struct scan_times *times;

static void start(void)
{
    times = scan_times_new();
    assert_non_null(times);
}

static void stop(void)
{
    free(times);
}

EACH_TEST(start, stop);

static bool begin(uint64_t who, int64_t now)
{
    return scan_times_begin(times, who, &two, now);
}

static void job(uint64_t who, double ms, int64_t now)
{
    assert_true(begin(who, now));
    scan_times_end(times, who, SCANNER_SCAN, ms, now);
}

TEST(test_one_long_message_makes_a_network_slow_until_it_is_forgotten)
{
    assert_false(scan_times_is_slow(times, WHO, &two, T));
    job(WHO, 2100, T);
    assert_true(scan_times_is_slow(times, WHO, &two, T));
    assert_false(scan_times_is_slow(times, OTHER, &two, T));
    assert_false(scan_times_is_slow(times, WHO, &antivirus, T));
    assert_true(scan_times_is_slow(times, WHO, &two, T + HALF_LIFE));
    assert_false(scan_times_is_slow(times, WHO, &two, T + 2 * HALF_LIFE));
}

TEST(test_many_quick_messages_are_not_slow)
{
    for (int i = 0; i < 3000; i++)
        job(WHO, 10, T + i);
    assert_false(scan_times_is_slow(times, WHO, &two, T + 3000));
}

TEST(test_who_takes_more_than_half_of_all_time_is_slow_however_quick_each_is)
{
    for (int i = 0; i < 5000; i++)
        job(WHO, 10, T);
    assert_true(scan_times_is_slow(times, WHO, &two, T));
}

TEST(test_of_whom_nothing_is_known_few_are_on_the_queue_and_then_more)
{
    assert_true(begin(WHO, T));
    assert_false(begin(WHO, T));
    assert_true(begin(OTHER, T));
    scan_times_end(times, WHO, SCANNER_SCAN, 1, T);
    for (int i = 0; i < 8; i++)
        assert_true(begin(WHO, T));
    assert_false(begin(WHO, T));
    scan_times_end(times, WHO, SCANNER_SCAN, 0, T); /* came to nothing */
    assert_true(begin(WHO, T));
}

TEST(test_whose_messages_take_long_has_no_more_than_half_of_the_workers)
{
    job(WHO, 200, T);
    assert_false(scan_times_is_slow(times, WHO, &two, T));
    assert_true(begin(WHO, T));
    assert_false(begin(WHO, T));
}

TEST(test_nobody_is_never_slow_and_never_waits)
{
    for (int i = 0; i < 1000; i++)
        assert_true(begin(0, T));
    scan_times_end(times, 0, SCANNER_SCAN, 100000, T);
    assert_false(scan_times_is_slow(times, 0, &two, T));
}

TEST(test_more_networks_than_there_are_places_lose_nobody_who_has_jobs)
{
    assert_true(begin(WHO, T));
    for (uint64_t who = 100; who < 100000; who++)
        job(who, 1, T);
    assert_false(begin(WHO, T));
    scan_times_end(times, WHO, SCANNER_SCAN, 2100, T);
    assert_true(scan_times_is_slow(times, WHO, &two, T));
}

TEST(test_a_clock_that_jumps_forgets_all)
{
    job(WHO, 1000000, T);
    assert_true(scan_times_is_slow(times, WHO, &two, T));
    assert_false(scan_times_is_slow(times, WHO, &two, INT64_MAX / 2));
}
