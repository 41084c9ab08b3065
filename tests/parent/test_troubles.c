/* SPDX-License-Identifier: ISC
 * When something is told to be down, and when it is back. */
#include "parent/parent_troubles.h"

#include "base/clock.h"
#include "tests/harness/shared_table.h"

enum { SERVER = 3 };

static struct trouble trouble;
static unsigned row, other;

static void set_up(void)
{
    make_shared();
    row = (unsigned)shared_row_claim(shared);
    other = (unsigned)shared_row_claim(shared);
    trouble = (struct trouble){0};
}

EACH_TEST(set_up, free_shared);

static void down(unsigned of)
{
    shared_server_down(shared, of, SERVER, clock_wall(), "refused");
    clock_advance(1);
}

static void up(unsigned of)
{
    shared_server_up(shared, of, SERVER);
    clock_advance(1);
}

/* "" no news, "down" or "up" */
static const char *news(void)
{
    struct finding found = trouble_find(&trouble, shared, SERVER);
    clock_advance(1000);
    return !found.news ? "" : found.down ? "down" : "up";
}

TEST(test_what_goes_and_comes_is_told_once_each)
{
    assert_string_equal(news(), "");
    down(row);
    down(other);
    assert_string_equal(news(), "down");
    assert_string_equal(news(), "");
    up(other);
    assert_string_equal(news(), "up");
    assert_string_equal(news(), "");
}

TEST(test_that_those_who_found_it_down_have_ended_does_not_bring_it_back)
{
    down(row);
    assert_string_equal(news(), "down");
    shared_row_clear(shared, row);
    assert_string_equal(news(), "");
    down(other);
    assert_string_equal(news(), "");
    shared_row_clear(shared, other);
    assert_string_equal(news(), "");
    up((unsigned)shared_row_claim(shared));
    assert_string_equal(news(), "up");
}

TEST(test_how_long_it_was_away_counts_from_the_first_who_found_out)
{
    down(row);
    assert_string_equal(news(), "down");
    shared_row_clear(shared, row);
    clock_advance(60000);
    down(other);
    assert_string_equal(news(), "");
    up(other);
    struct finding found = trouble_find(&trouble, shared, SERVER);
    assert_true(found.news && !found.down && found.seconds >= 61);
}
