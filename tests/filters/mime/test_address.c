/* SPDX-License-Identifier: ISC */
#include "filters/mime/address.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT = 10 };

ARENA_TESTS(1024 * 1024);
static struct addresses list;

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

static void assert_others(const char *expected)
{
    struct slice all = SLICE("");
    for (size_t i = 0; i < list.others_count; i++)
        all = arena_printf(arena, "%.*s%s%.*s", SLICE_ARGS(all), i > 0 ? " " : "",
                           SLICE_ARGS(list.others[i]));
    assert_slice(all, expected);
}

static void parse_one(const char *value, unsigned flags, const char *local, const char *domain,
                      const char *others)
{
    parse(value, 1, flags);
    assert_slice(list.items[0].local, local);
    assert_slice(list.items[0].domain, domain);
    assert_others(others);
}

TEST(test_the_usual_forms)
{
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

TEST(test_groups)
{
    parse("undisclosed-recipients:;", 0, ADDRESS_GROUP);
    parse("T: a@b.example, c@d.example;", 2, ADDRESS_GROUP | ADDRESS_MULTIPLE);
}

TEST(test_an_address_in_the_display_name_is_told)
{
    parse("\"ceo@good.example\" <x@bad.example>", 1, ADDRESS_NAME_IS_ADDRESS);
    assert_address(0, "ceo@good.example", "x", "bad.example");
    parse("ceo@good.example <x@bad.example>", 1, ADDRESS_NAME_IS_ADDRESS);
    parse("x@bad.example <x@bad.example>", 1, 0);
}

TEST(test_every_address_that_could_be_seen_is_kept)
{
    parse("<a@one.example>b@two.example", 2, ADDRESS_MALFORMED | ADDRESS_MULTIPLE);
    parse("<a@one.example><b@two.example>", 2, ADDRESS_MALFORMED | ADDRESS_MULTIPLE);
    parse("<a@one.example,b@two.example>", 2, ADDRESS_MALFORMED | ADDRESS_MULTIPLE);
    parse("a@one.example b@two.example", 2, ADDRESS_MALFORMED | ADDRESS_MULTIPLE);
    parse("<@one.example,@two.example:c@three.example>", 1, ADDRESS_ROUTE);
    assert_address(0, "", "c", "three.example");
}

TEST(test_quotes_and_comments_hide_nothing)
{
    parse("\"a@one.example\"@two.example", 1, 0);
    assert_address(0, "", "a@one.example", "two.example");
    parse("(x <a@one.example>) b@two.example", 1, ADDRESS_NAME_IS_ADDRESS);
    assert_address(0, "x <a@one.example>", "b", "two.example");
    parse("\"unclosed <a@one.example>", 1, ADDRESS_MALFORMED);
    assert_address(0, "unclosed", "a", "one.example");
    parse("(unclosed <a@one.example>", 1, ADDRESS_MALFORMED);
}

TEST(test_an_encoded_word_is_no_address)
{
    parse("=?utf-8?b?PGFAb25lLmV4YW1wbGU+?=,<b@two.example>", 1,
          ADDRESS_MALFORMED | ADDRESS_UNCLEAR | ADDRESS_ENCODED_WORD);
    assert_address(0, "", "b", "two.example");
    assert_others("one.example");
    parse("=?utf-8?q?a=40one.example?=@two.example", 1, ADDRESS_UNCLEAR | ADDRESS_ENCODED_WORD);
    assert_others("one.example");
    parse("a@=?utf-8?q?one.example?=", 1, ADDRESS_ENCODED_WORD);
    assert_others("one.example");
}

TEST(test_blanks_and_comments_beside_at_and_dots_part_nothing)
{
    static const char *const values[] = {
        "a@(x)b.example",     "a(x)@b.example",
        "a @ b.example",      "a@b(x).example",
        "a@b.(x)example",     "a@b. example",
        "a@b .example",       "a@b\r\n .example",
        "a@(x) (y)b.example", "a@b (x\\)(y)) . example",
        "(x)a@b.example(y)",  "a@b.example .",
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct slice in_brackets = arena_printf(arena, "A <%s>", values[i]);
        assert_true(addresses_parse(arena, slice_of(values[i]), KEPT, &list));
        assert_int_equal(list.n, 1);
        assert_slice(list.items[0].domain, "b.example");
        assert_int_equal(list.flags & ~(unsigned)ADDRESS_NAME_IS_ADDRESS, 0);
        assert_true(addresses_parse(arena, in_brackets, KEPT, &list));
        assert_int_equal(list.n, 1);
        assert_slice(list.items[0].local, "a");
        assert_slice(list.items[0].domain, "b.example");
        assert_int_equal(list.flags, 0);
    }
    parse_one("a . (x) b@c.example", 0, "a.b", "c.example", "");
    parse_one("a.b. (x) c @ d . example", 0, "a.b.c", "d.example", "d");
    parse("John Q. Public <a@b.example>", 1, 0);
    assert_address(0, "John Q. Public", "a", "b.example");
    parse("a@(x)b.example, c@d.example", 2, ADDRESS_MULTIPLE);
    assert_address(0, "x", "a", "b.example");
    assert_address(1, "", "c", "d.example");
}

TEST(test_a_domain_that_others_end_or_join_is_told)
{
    parse_one("a@one.example .two.example", 0, "a", "one.example.two.example", "one.example");
    parse_one("<a@one.example .two.example>", 0, "a", "one.example.two.example", "one.example");
    parse_one("a@one.example(x).two.example", 0, "a", "one.example.two.example", "one.example");
    parse_one("<a@one.example two.example>", ADDRESS_MALFORMED, "a", "one.exampletwo.example",
              "one.example");
    parse_one("a@o ne.example", ADDRESS_MALFORMED, "a", "o", "one.example");
    parse_one("a@on(x)e.example", ADDRESS_MALFORMED, "a", "on", "one.example");
    parse_one("a@one.example)two.example", ADDRESS_MALFORMED, "a", "one.exampletwo.example",
              "one.example");
    parse_one("a@one.\"example\"", ADDRESS_MALFORMED, "a", "one.example", "one");
    parse_one("a@one.example <b@two.example>", ADDRESS_NAME_IS_ADDRESS, "b", "two.example",
              "one.example");
    parse_one("\"a@one.example\" <b@two.example>", ADDRESS_NAME_IS_ADDRESS, "b", "two.example", "");
    parse_one("\"a@one.example\" b@two.example", ADDRESS_NAME_IS_ADDRESS, "b", "two.example",
              "one.example");
}

TEST(test_what_follows_the_first_at_is_the_domain)
{
    parse_one("a@one.example@two.example", 0, "a", "one.example@two.example", "");
    parse_one("<a@@one.example>", 0, "a", "@one.example", "");
    parse_one("\"a@b\"@one.example", 0, "a@b", "one.example", "");
}

TEST(test_a_quote_in_an_encoded_word_hides_nothing)
{
    parse("=?utf-8?q?\"?= <a@one.example>, \" <b@two.example>", 1,
          ADDRESS_MALFORMED | ADDRESS_UNCLEAR | ADDRESS_NAME_IS_ADDRESS);
    assert_others("one.example two.example");
    parse("=?utf-8?q?(=41?= <a@one.example>, ) <b@two.example>", 1,
          ADDRESS_MALFORMED | ADDRESS_UNCLEAR);
    assert_others("one.example two.example");
    parse("=?utf(-8?q?x?= <a@one.example>, ) <b@two.example>", 1,
          ADDRESS_MALFORMED | ADDRESS_UNCLEAR);
    assert_others("one.example two.example");
    parse("=?utf-8?q?)?= <b@two.example>", 1, ADDRESS_MALFORMED);
    parse("=?utf-8?q?x_(y)_\"z\"?= <b@two.example>", 1, 0);
    assert_others("");
}

TEST(test_half_an_address_is_told)
{
    const unsigned half = ADDRESS_MALFORMED | ADDRESS_UNCLEAR;
    parse("a@", 1, half);
    parse("a@, b@c.example", 2, half | ADDRESS_MULTIPLE);
    parse("<a>, b@c.example", 2, half | ADDRESS_MULTIPLE);
    parse("a, b@c.example", 1, half);
    parse("b@c.example, a", 1, half);
    parse("nobody", 0, half);
    parse("\"a@one.example\"", 0, half);
    assert_others("one.example");
    parse("a\xef\xbc\xa0one.example, <b@c.example>", 1, half | ADDRESS_EIGHT_BIT);
    assert_others("one.example");
    parse("<a@one.example:b@two.example>", 2, ADDRESS_MALFORMED | ADDRESS_ROUTE | ADDRESS_MULTIPLE);
    parse("a@<one.example,b@two.example>", 2, half | ADDRESS_MULTIPLE);
}

TEST(test_a_comma_in_a_name_is_forgiven)
{
    parse("Example, Inc. <a@b.example>", 1, 0);
    assert_address(0, "Example, Inc.", "a", "b.example");
    parse("A, B, C <a@b.example>, d@e.example", 2, ADDRESS_MULTIPLE);
    assert_address(0, "A, B, C", "a", "b.example");
}

TEST(test_readings_beyond_the_cap_are_told)
{
    parse("a@b.c a@b.c a@b.c a@b.c a@b.c a@b.c a@b.c a@b.c <a@b.c>", 8,
          ADDRESS_MALFORMED | ADDRESS_MULTIPLE);
    parse("a@b .b .b .b .b .b .b .b .b .b .b .b .b .b .b .b .b .b .b", 1, ADDRESS_UNCLEAR);
    assert_int_equal(list.others_count, ADDRESS_OTHERS_MAX);
}

TEST(test_odd_octets_are_told)
{
    parse("a@b\xc3\xa9.example", 1, ADDRESS_EIGHT_BIT);
    assert_true(addresses_parse(arena, (struct slice){"a@b\0.example", 12}, KEPT, &list));
    assert_int_equal(list.flags, ADDRESS_CONTROL);
    parse("a@b.example\f", 1, ADDRESS_CONTROL);
    parse("a@b.example\x7f", 1, ADDRESS_CONTROL);
    parse("\xe2\x80\xaemoc.b@a.example", 1, ADDRESS_CONTROL | ADDRESS_EIGHT_BIT);
    parse("\xe2\x80\xae <a@b.example>", 1, ADDRESS_EIGHT_BIT);
}

TEST(test_the_list_is_capped)
{
    parse("a@b,a@b,a@b,a@b,a@b,a@b,a@b,a@b,a@b,a@b,a@b,a@b", KEPT,
          ADDRESS_MULTIPLE | ADDRESS_TOO_MANY);
}
