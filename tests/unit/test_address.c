/* SPDX-License-Identifier: ISC */
#include "filters/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { KEPT = 10 };

static struct arena *arena;
static struct addresses list;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(1024 * 1024);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void assert_slice(struct slice s, const char *expected)
{
    if (!slice_eq(s, slice_of(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARGS(s), expected);
}

static void parse(const char *value, size_t expected, unsigned flags)
{
    assert_true(addresses_parse(arena, slice_of(value), KEPT, &list));
    assert_int_equal(list.n, expected);
    assert_int_equal(list.flags, flags);
}

static void assert_address(size_t i, const char *name, const char *local, const char *domain)
{
    assert_slice(list.items[i].name, name);
    assert_slice(list.items[i].local, local);
    assert_slice(list.items[i].domain, domain);
}

static void test_the_usual_forms(void **state)
{
    (void)state;
    parse("a@B.example", 1, 0);
    assert_address(0, "", "a", "b.example");
    parse("Ann B <a@b.example>", 1, 0);
    assert_address(0, "Ann B", "a", "b.example");
    parse("\"B, Ann\" <a@b.example>,\r\n c@d.example (Cee)", 2, ADDRESS_MULTIPLE);
    assert_address(0, "B, Ann", "a", "b.example");
    assert_address(1, "Cee", "c", "d.example");
    parse("=?utf-8?q?caf=C3=A9?= <a@b.example>", 1, 0);
    assert_address(0, "café", "a", "b.example");
    parse("a @ b.example", 1, 0);
    assert_address(0, "", "a", "b.example");
    parse("a@[192.0.2.1]", 1, 0);
    assert_address(0, "", "a", "[192.0.2.1]");
    parse("a@[IPv6:2001:db8::1]", 1, 0);
    assert_address(0, "", "a", "[ipv6:2001:db8::1]");
    parse("a@b.example.", 1, 0);
    assert_address(0, "", "a", "b.example");
    parse("", 0, 0);
}

static void test_groups(void **state)
{
    (void)state;
    parse("undisclosed-recipients:;", 0, ADDRESS_GROUP);
    parse("T: a@b.example, c@d.example;", 2, ADDRESS_GROUP | ADDRESS_MULTIPLE);
}

static void test_an_address_in_the_display_name_is_told(void **state)
{
    (void)state;
    parse("\"ceo@good.example\" <x@bad.example>", 1, ADDRESS_NAME_IS_ADDRESS);
    assert_address(0, "ceo@good.example", "x", "bad.example");
    parse("ceo@good.example <x@bad.example>", 1, ADDRESS_NAME_IS_ADDRESS);
    parse("x@bad.example <x@bad.example>", 1, 0);
}

static void test_every_address_that_could_be_seen_is_kept(void **state)
{
    (void)state;
    parse("<a@one.example>b@two.example", 2, ADDRESS_MALFORMED | ADDRESS_MULTIPLE);
    parse("<a@one.example><b@two.example>", 2, ADDRESS_MALFORMED | ADDRESS_MULTIPLE);
    parse("<a@one.example,b@two.example>", 2, ADDRESS_MALFORMED | ADDRESS_MULTIPLE);
    parse("a@one.example b@two.example", 2, ADDRESS_MALFORMED | ADDRESS_MULTIPLE);
    parse("<@one.example,@two.example:c@three.example>", 1, ADDRESS_ROUTE);
    assert_address(0, "", "c", "three.example");
}

static void test_quotes_and_comments_hide_nothing(void **state)
{
    (void)state;
    parse("\"a@one.example\"@two.example", 1, 0);
    assert_address(0, "", "a@one.example", "two.example");
    parse("(x <a@one.example>) b@two.example", 1, ADDRESS_NAME_IS_ADDRESS);
    assert_address(0, "x <a@one.example>", "b", "two.example");
    parse("\"unclosed <a@one.example>", 1, ADDRESS_MALFORMED);
    assert_address(0, "unclosed", "a", "one.example");
    parse("(unclosed <a@one.example>", 1, ADDRESS_MALFORMED);
}

static void test_an_encoded_word_is_no_address(void **state)
{
    (void)state;
    parse("=?utf-8?b?PGFAb25lLmV4YW1wbGU+?=,<b@two.example>", 1,
          ADDRESS_MALFORMED | ADDRESS_ENCODED_WORD);
    assert_address(0, "", "b", "two.example");
}

static void test_odd_octets_are_told(void **state)
{
    (void)state;
    parse("a@b\xc3\xa9.example", 1, ADDRESS_EIGHT_BIT);
    assert_true(addresses_parse(arena, (struct slice){"a@b\0.example", 12}, KEPT, &list));
    assert_int_equal(list.flags, ADDRESS_CONTROL);
}

static void test_the_list_is_capped(void **state)
{
    (void)state;
    parse("a@b,a@b,a@b,a@b,a@b,a@b,a@b,a@b,a@b,a@b,a@b,a@b", KEPT,
          ADDRESS_MULTIPLE | ADDRESS_TOO_MANY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_usual_forms),
        TEST(test_groups),
        TEST(test_an_address_in_the_display_name_is_told),
        TEST(test_every_address_that_could_be_seen_is_kept),
        TEST(test_quotes_and_comments_hide_nothing),
        TEST(test_an_encoded_word_is_no_address),
        TEST(test_odd_octets_are_told),
        TEST(test_the_list_is_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
