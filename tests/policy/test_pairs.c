/* SPDX-License-Identifier: ISC
 * Pairs in a file are looked up where they stand, and answer as those that were copied do. */
#include "policy/pairs.h"

#include "policy/config.h"
#include "policy/table_entries.h"
#include "policy/table_file.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ARENA_TESTS(1 << 26);

static char report[1000];
static struct buf said;
static struct sources sources;

/* NULL: it was not read, and `report` says why. */
static struct table *read_text(struct slice text)
{
    struct source source = {.path = SLICE("t"), .text = text};
    struct source *kept = arena_alloc(arena, sizeof source);
    static const struct loader loader;
    struct parser parser = {.sources = &sources};
    *kept = source;
    memset(report, 0, sizeof report);
    said = buf_over(report, sizeof report - 1);
    sources = (struct sources){
        .arena = arena, .loader = &loader, .files = {kept}, .count = 1, .report = &said};
    struct table *table = table_new(&sources, 0);
    *table_origin(table) = (struct table_origin){.in_file = true};
    assert_true(pairs_in_file(text) && pairs_read(&parser, table, 0));
    return sources.errors ? NULL : table;
}

static struct table *of(const char *text)
{
    struct table *table = read_text(slice_of(text));
    assert_non_null(table);
    return table;
}

static bool is_text(const struct table *table, const char *key, const char *expected)
{
    struct value value = pairs_look_up(table, slice_of(key), false);
    return value.state == VALUE_KNOWN && slice_eq(value.text, slice_of(expected));
}

static bool is_absent(const struct table *table, const char *key)
{
    return pairs_look_up(table, slice_of(key), false).state == VALUE_ABSENT;
}

TEST(test_texts_stand_in_quotes_or_without_them)
{
    struct table *table = of("A.example -> first # said\nb.example->\"two  words\"\r\n"
                             "  c.example   ->   x -> y  \nd.example -> \"\"\n");
    assert_int_equal(pairs_type(table)->kind, TYPE_TEXT);
    assert_non_null(table_in_file(table)->values);
    assert_true(is_text(table, "a.EXAMPLE", "first") && is_text(table, "b.example", "two  words"));
    assert_true(is_text(table, "c.example", "x -> y") && is_text(table, "d.example", ""));
    assert_true(is_absent(table, "e.example") && is_absent(table, "") && is_absent(table, "first"));
    assert_int_equal(table_count(table), 4);
}

TEST(test_a_text_with_a_backslash_is_read_as_one_in_a_configuration_is)
{
    struct table *table = of("a -> plain\nb -> \"say \\\"yes\\\"\"\n");
    assert_null(table_in_file(table)->values);
    assert_true(is_text(table, "a", "plain") && is_text(table, "b", "say \"yes\""));
}

TEST(test_numbers_sizes_and_durations_are_their_own_kinds)
{
    struct table *numbers = of("a -> 1.5\nb -> -2\n*.c -> 3\n");
    assert_int_equal(pairs_type(numbers)->kind, TYPE_NUMBER);
    assert_true(pairs_look_up(numbers, SLICE("a"), false).number == 1.5);
    assert_true(pairs_look_up(numbers, SLICE("b"), false).number == -2);
    assert_true(pairs_look_up(numbers, SLICE("x.y.c"), false).number == 3);
    struct table *sizes = of("a -> 10MiB\n");
    assert_int_equal(pairs_type(sizes)->kind, TYPE_SIZE);
    assert_int_equal(pairs_look_up(sizes, SLICE("a"), false).integer, 10 * 1024 * 1024);
    struct table *times = of("@a.example -> 2min\n");
    assert_int_equal(pairs_type(times)->kind, TYPE_DURATION);
    assert_int_equal(pairs_look_up(times, SLICE("u@a.example"), false).integer, 120000);
}

TEST(test_letters_of_any_case_are_the_same_in_texts)
{
    struct table *table = of("b\xc3\xbc"
                             "cher -> shelf\n");
    assert_true(slice_eq(pairs_look_up(table,
                                       SLICE("B\xc3\x9c"
                                             "CHER"),
                                       true)
                             .text,
                         SLICE("shelf")));
}

TEST(test_domains_have_their_values_in_each_of_their_spellings)
{
    struct table *table = of("one.example. -> first\nb\xc3\xbc"
                             "cher.example -> second\n*.two.example. -> third\n");
    table_take_names(&sources, table);
    assert_int_equal(sources.errors, 0);
    assert_true(is_text(table, "one.example", "first"));
    assert_true(is_text(table, "xn--bcher-kva.example", "second"));
    assert_true(is_text(table, "a.two.example", "third") && is_absent(table, "two.example"));
    table = of("one.example. -> first\nONE.example -> second\n");
    table_take_names(&sources, table);
    assert_non_null(strstr(report, "t:1:1: error: \"one.example.\" is the domain in line 2 again"));
}

TEST(test_doubles_and_values_of_another_kind_are_told_with_their_lines)
{
    assert_null(read_text(SLICE("a -> 1\nb -> 2\nA -> 3\n")));
    assert_non_null(strstr(report, "t:3:1: error: \"A\" stands in line 1 already"));
    assert_null(read_text(SLICE("a -> 1\nb -> two\n")));
    assert_non_null(strstr(report, "t:2:6: error: expected a number, as in the entries before"));
    assert_null(read_text(SLICE("a -> \"\\\"\"\nb -> c\nB -> d\n")));
    assert_non_null(strstr(report, "t:3:1: error: \"B\" stands in line 2 already"));
    assert_null(read_text(SLICE("a -> 1\nb\n")));
    assert_non_null(strstr(report, "t:2:1: error: expected KEY -> VALUE"));
}

TEST(test_keys_are_networks_when_all_of_them_are)
{
    struct table *table = of("10.0.0.0/8 -> ours\n192.0.2.1 -> theirs\n");
    struct slice bad;
    struct ip ip;
    assert_true(table_as_networks(&sources, table, &bad));
    assert_true(ip_parse(SLICE("10.1.1.1"), &ip) && table_holds_ip(table, &ip));
    assert_true(ip_parse(SLICE("192.0.2.2"), &ip) && !table_holds_ip(table, &ip));
}

TEST(test_values_of_a_damaged_index_stay_within_the_text)
{
    struct table *table = of("a -> one\nb -> two\n");
    struct table_file file = *table_in_file(table);
    char values[8 * 8];
    assert_true(file.size <= 8);
    for (unsigned fill = 0; fill < 256; fill++) {
        memset(values, (int)fill, sizeof values);
        file.values = values;
        for (size_t number = 0; number <= file.size + 1; number++) {
            struct value value = table_file_value(&file, number);
            if (value.state == VALUE_KNOWN)
                assert_true(value.text.ptr >= file.text.octets.ptr &&
                            value.text.ptr + value.text.len <=
                                file.text.octets.ptr + file.text.octets.len);
        }
    }
}
