/* SPDX-License-Identifier: ISC */
#include "proxy/session/upload_clock.h"
#include "tests/harness/unit.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, RATE = 64 };

/* Pieces at even distances: how many come before the sender is given up; `most` when he is not. */
static int64_t pieces_until_slow(size_t octets, int64_t distance, uint64_t rate, int64_t most)
{
    struct upload_clock clock;
    upload_begin(&clock, 5000);
    for (int64_t i = 1; i <= most; i++)
        if (!upload_came(&clock, 5000 + i * distance, octets, rate))
            return i;
    return most;
}

TEST(test_who_sends_fast_enough_may_send_for_ever)
{
    assert_int_equal(pieces_until_slow(64, SECOND, RATE, 100000), 100000);
    assert_int_equal(pieces_until_slow(1, SECOND, 1, 100000), 100000);
}

TEST(test_who_sends_too_slowly_is_given_up_after_a_minute)
{
    assert_int_equal(pieces_until_slow(63, SECOND, RATE, 1000) * SECOND, MINUTE);
    assert_int_equal(pieces_until_slow(0, SECOND, 1, 1000) * SECOND, MINUTE);
}

TEST(test_without_a_rate_nobody_is_too_slow)
{
    assert_int_equal(pieces_until_slow(1, 3600 * (int64_t)SECOND, 0, 1000), 1000);
}

TEST(test_a_silence_however_long_is_no_slowness)
{
    struct upload_clock clock;
    upload_begin(&clock, 0);
    assert_true(upload_came(&clock, 100, 10, RATE));
    for (int64_t now = 10 * MINUTE; now < 100 * MINUTE; now += 10 * MINUTE) {
        assert_true(upload_came(&clock, now, 3000, RATE));
        assert_true(upload_came(&clock, now + SECOND, 3000, RATE));
    }
}

TEST(test_an_octet_after_each_silence_is_given_up_nevertheless)
{
    assert_int_equal(pieces_until_slow(1, 179 * SECOND, RATE, 1000), 6);
    assert_int_equal(pieces_until_slow(1, 10 * SECOND, RATE, 1000), 6);
}

TEST(test_a_minute_is_judged_by_itself)
{
    struct upload_clock clock;
    upload_begin(&clock, 0);
    assert_true(upload_came(&clock, SECOND, 1000000, RATE));
    for (int64_t now = 2 * SECOND; now < 61 * SECOND; now += SECOND)
        assert_true(upload_came(&clock, now, 1, RATE));
    int64_t now = 61 * SECOND;
    while (upload_came(&clock, now, 1, RATE))
        now += SECOND;
    assert_true(now > 110 * SECOND && now <= 121 * SECOND);
}

TEST(test_patience_begins_anew_with_each_piece)
{
    struct upload_clock clock;
    upload_begin(&clock, 1000);
    assert_int_equal(upload_patience(&clock, 1000, 180 * SECOND), 180 * SECOND);
    assert_int_equal(upload_patience(&clock, 181 * SECOND - 1, 180 * SECOND), 1);
    assert_int_equal(upload_patience(&clock, 181 * SECOND, 180 * SECOND), 0);
    upload_came(&clock, 100 * SECOND, 0, 0);
    assert_int_equal(upload_patience(&clock, 181 * SECOND, 180 * SECOND), 99 * SECOND);
}
