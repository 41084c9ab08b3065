/* SPDX-License-Identifier: ISC */
#include "proxy/state/known_names.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

static struct known_names names;

static void begin(void)
{
    memset(&names, 0, sizeof names);
}

EACH_TEST(begin, NULL);

static const struct slice NETWORK = {"gatepost:network:00112233445566778899aabbccddeeff", 49},
                          OTHER = {"gatepost:network:ff112233445566778899aabbccddeeff", 49};

TEST(test_a_name_is_known_for_a_minute)
{
    assert_false(known_names_has(&names, NETWORK, 1000));
    known_names_put(&names, NETWORK, 1000);
    assert_true(known_names_has(&names, NETWORK, 1000));
    assert_true(known_names_has(&names, NETWORK, 1000 + KNOWN_NAME_MS - 1));
    assert_false(known_names_has(&names, NETWORK, 1000 + KNOWN_NAME_MS));
}

TEST(test_another_name_at_the_same_place_is_not_known)
{
    known_names_put(&names, NETWORK, 1000);
    assert_false(known_names_has(&names, OTHER, 1000));
    known_names_put(&names, OTHER, 1000);
    assert_true(known_names_has(&names, OTHER, 1000));
    assert_false(known_names_has(&names, NETWORK, 1000));
}

TEST(test_a_message_of_a_known_name_is_told_once_a_minute)
{
    assert_true(known_names_count(&names, NETWORK, 1000));
    assert_true(known_names_count(&names, NETWORK, 1000));
    known_names_put(&names, NETWORK, 1000);
    assert_true(known_names_count(&names, NETWORK, 1001));
    assert_false(known_names_count(&names, NETWORK, 1002));
    known_names_put(&names, NETWORK, 2000); /* it is still known: that prolongs nothing */
    assert_false(known_names_count(&names, NETWORK, 2001));
    assert_true(known_names_count(&names, NETWORK, 1000 + KNOWN_NAME_MS));
}

TEST(test_names_without_a_key_or_too_long_for_one_are_never_known)
{
    static char text[KNOWN_NAME_MAX + 1];
    memset(text, 'a', sizeof text);
    known_names_put(&names, (struct slice){text, 0}, 1000);
    known_names_put(&names, (struct slice){text, sizeof text}, 1000);
    assert_false(known_names_has(&names, (struct slice){text, 0}, 1000));
    assert_false(known_names_has(&names, (struct slice){text, sizeof text}, 1000));
}
