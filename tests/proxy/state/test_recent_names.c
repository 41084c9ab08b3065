/* SPDX-License-Identifier: ISC */
#include "proxy/state/recent_names.h"
#include "tests/harness/unit.h"

#include <stdio.h>

enum { NOW = 1000, LONG = 60 * 1000 };

static struct recent_names names;

static void begin(void)
{
    assert_true(recent_names_init(&names));
}

EACH_TEST(begin, NULL);

static const struct slice ONE = {"gatepost:network:00112233445566778899aabbccddeeff", 49},
                          OTHER = {"gatepost:network:ff112233445566778899aabbccddeeff", 49};

TEST(test_a_name_is_here_for_its_time)
{
    assert_false(recent_names_has(&names, ONE, NOW));
    recent_names_put(&names, ONE, NOW, LONG);
    assert_true(recent_names_has(&names, ONE, NOW));
    assert_false(recent_names_has(&names, OTHER, NOW));
    assert_true(recent_names_has(&names, ONE, NOW + LONG - 1));
    assert_false(recent_names_has(&names, ONE, NOW + LONG));
}

TEST(test_one_that_is_put_again_stays_no_longer)
{
    recent_names_put(&names, ONE, NOW, LONG);
    recent_names_put(&names, ONE, NOW + 1, LONG);
    assert_false(recent_names_has(&names, ONE, NOW + LONG));
    recent_names_put(&names, ONE, NOW + LONG, LONG);
    assert_true(recent_names_has(&names, ONE, NOW + LONG));
}

TEST(test_one_that_is_forgotten_is_not_here)
{
    recent_names_put(&names, ONE, NOW, LONG);
    recent_names_forget(&names, OTHER);
    assert_true(recent_names_has(&names, ONE, NOW));
    recent_names_forget(&names, ONE);
    assert_false(recent_names_has(&names, ONE, NOW));
}

TEST(test_one_that_is_here_counts_once)
{
    assert_true(recent_names_count(&names, ONE, NOW));
    assert_true(recent_names_count(&names, ONE, NOW));
    recent_names_put(&names, ONE, NOW, LONG);
    assert_true(recent_names_count(&names, ONE, NOW));
    assert_false(recent_names_count(&names, ONE, NOW));
    assert_true(recent_names_count(&names, ONE, NOW + LONG));
    recent_names_put(&names, ONE, NOW + LONG, LONG);
    assert_true(recent_names_count(&names, ONE, NOW + LONG));
}

TEST(test_more_names_than_there_is_room_for_push_others_out)
{
    char text[32];
    unsigned here = 0;
    for (int i = 0; i < 4 * RECENT_NAMES; i++) {
        snprintf(text, sizeof text, "%d", i);
        recent_names_put(&names, slice_of(text), NOW, LONG);
        assert_true(recent_names_has(&names, slice_of(text), NOW));
    }
    for (int i = 0; i < 4 * RECENT_NAMES; i++) {
        snprintf(text, sizeof text, "%d", i);
        here += recent_names_has(&names, slice_of(text), NOW);
    }
    assert_in_range(here, RECENT_NAMES / 2, RECENT_NAMES);
}
