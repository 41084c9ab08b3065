/* SPDX-License-Identifier: ISC */
#include "common/redis_breaker.h"
#include "tests/harness/unit.h"

#include <stddef.h>

enum { RETRY = 5000 };

static const struct breaker fresh = {.retry_ms = RETRY};

static void strike(struct breaker *breaker, unsigned times, int64_t now)
{
    for (unsigned i = 0; i < times; i++)
        breaker_answered_error(breaker, now);
}

TEST(test_no_connection_opens_it_at_once)
{
    struct breaker b = fresh;
    assert_true(breaker_admits(&b));
    breaker_away(&b, 100);
    assert_false(breaker_admits(&b));
    assert_false(breaker_due(&b, 100 + RETRY - 1));
    assert_true(breaker_due(&b, 100 + RETRY));
}

TEST(test_reached_again_it_is_closed)
{
    struct breaker b = fresh;
    breaker_away(&b, 100);
    breaker_reached(&b);
    assert_int_equal(b.state, BREAKER_CLOSED);
}

TEST(test_errors_in_a_row_open_it)
{
    struct breaker b = fresh;
    strike(&b, BREAKER_STRIKES - 1, 100);
    assert_true(breaker_admits(&b));
    strike(&b, 1, 200);
    assert_false(breaker_admits(&b));
    assert_true(breaker_due(&b, 200 + RETRY));
}

TEST(test_a_success_between_errors_keeps_it_closed)
{
    struct breaker b = fresh;
    for (int i = 0; i < 100; i++) {
        strike(&b, BREAKER_STRIKES - 1, 100);
        breaker_succeeded(&b);
    }
    assert_true(breaker_admits(&b));
}

TEST(test_after_errors_one_call_must_succeed_first)
{
    struct breaker b = fresh;
    strike(&b, BREAKER_STRIKES, 100);
    breaker_reached(&b);
    assert_true(breaker_admits(&b));
    breaker_sent(&b);
    assert_false(breaker_admits(&b));
    breaker_succeeded(&b);
    assert_int_equal(b.state, BREAKER_CLOSED);
}

TEST(test_when_that_call_fails_it_is_open_again)
{
    void (*const failures[])(struct breaker *, int64_t) = {breaker_answered_error, breaker_lost,
                                                           breaker_away};
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        struct breaker b = fresh;
        strike(&b, BREAKER_STRIKES, 100);
        breaker_reached(&b);
        breaker_sent(&b);
        failures[i](&b, 9000);
        assert_int_equal(b.state, BREAKER_OPEN);
        assert_int_equal(b.retry_at, 9000 + RETRY);
        breaker_reached(&b);
        assert_int_equal(b.state, BREAKER_ONE);
    }
}

TEST(test_what_was_under_way_when_it_opened_changes_nothing)
{
    struct breaker b = fresh;
    strike(&b, BREAKER_STRIKES, 100);
    strike(&b, 1000, 2000);
    breaker_succeeded(&b);
    assert_int_equal(b.state, BREAKER_OPEN);
    assert_int_equal(b.retry_at, 100 + RETRY);
}

TEST(test_a_connection_that_is_lost_is_one_failure)
{
    struct breaker b = fresh;
    breaker_lost(&b, 100);
    assert_true(breaker_admits(&b));
    for (int i = 1; i < BREAKER_STRIKES; i++)
        breaker_lost(&b, 100);
    assert_false(breaker_admits(&b));
    breaker_reached(&b);
    assert_int_equal(b.state, BREAKER_CLOSED);
}

TEST(test_complaints_come_once_a_minute_with_their_count)
{
    struct complaint complaint = {0};
    uint64_t count = 0;
    assert_true(complaint_due(&complaint, 1000, &count));
    assert_int_equal(count, 1);
    for (int i = 0; i < 500; i++)
        assert_false(complaint_due(&complaint, 1000 + i * 100, &count));
    assert_true(complaint_due(&complaint, 61000, &count));
    assert_int_equal(count, 501);
}
