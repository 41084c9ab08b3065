/* SPDX-License-Identifier: ISC */
#include "proxy/imap/line_set.h"
#include "tests/harness/unit.h"

#include <string.h>

static const char message[] =
    "Subject: one\r\n\r\n--first\r\nalpha\r\nbeta\r\n--first\r\ngamma\r\n--first--\r\n";

static bool holds(const char *content)
{
    struct line_set *set = line_set_new(slice_of(message));
    bool held = line_set_holds(set, slice_of(content));
    line_set_free(&set);
    return held;
}

TEST(test_the_same_lines_with_other_boundaries_are_held)
{
    assert_true(holds("--other\r\nalpha\r\nbeta\r\n--other\r\ngamma\r\n--other--\r\n"));
    assert_true(holds(message));
    assert_true(holds(""));
}

TEST(test_of_the_first_and_the_last_line_a_part_is_enough)
{
    assert_true(holds("pha\r\nbeta\r\ngam"));
    assert_true(holds("ph"));
    assert_false(holds("alpha\r\nbet\r\ngamma\r\n"));
}

TEST(test_a_line_that_is_not_there_is_not_held)
{
    assert_false(holds("alpha\r\ndelta\r\ngamma\r\n"));
    assert_false(holds("alpha\r\nbeta\ngamma\r\n"));
    assert_false(holds("delta"));
}

TEST(test_a_long_line_is_no_boundary)
{
    char line[200] = "alpha\r\n--";
    memset(line + 9, 'x', 100);
    strcpy(line + 109, "\r\nbeta\r\n");
    assert_false(holds(line));
}
