/* SPDX-License-Identifier: ISC */
#include "base/slice.h"
#include "tests/harness/unit.h"

#include <errno.h>
#include <string.h>

static void expect(struct slice got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.ptr ? got.ptr : "", want, got.len);
}

TEST(test_parts_are_clamped_to_the_whole)
{
    struct slice s = SLICE("abcdef"), none = {NULL, 0};
    expect(slice_sub(s, 1, 3), "bc");
    expect(slice_sub(s, 4, 99), "ef");
    expect(slice_sub(s, 5, 2), "");
    expect(slice_sub(s, 99, 100), "");
    expect(slice_from(s, 6), "");
    expect(slice_from(s, SIZE_MAX), "");
    expect(slice_sub(none, 0, 5), "");
    assert_null(slice_from(none, 3).ptr);
    expect(slice_of(NULL), "");
}

TEST(test_trim_takes_line_ends_and_blanks_only)
{
    expect(slice_trim(SLICE(" \t\r\na b\r\n ")), "a b");
    expect(slice_trim(SLICE(" \t ")), "");
    expect(slice_trim(SLICE("\va\f")), "\va\f");
    expect(slice_trim(SLICE("")), "");
}

TEST(test_comparisons)
{
    struct slice none = {NULL, 0};
    assert_true(slice_eq(none, SLICE("")));
    assert_true(slice_eq(SLICE("a\0b"), SLICE("a\0b")));
    assert_false(slice_eq(SLICE("a\0b"), SLICE("a\0c")));
    assert_false(slice_eq(SLICE("a"), SLICE("A")));
    assert_true(slice_ieq(SLICE("aZ[`"), SLICE("Az[`")));
    assert_false(slice_ieq(SLICE("["), SLICE("{"))); /* 0x20 apart, no letters */
    assert_false(slice_ieq(SLICE("\xc4"), SLICE("\xe4")));
    assert_true(slice_starts(SLICE("abc"), SLICE("ab")));
    assert_true(slice_starts(SLICE("abc"), none));
    assert_false(slice_starts(SLICE("a"), SLICE("ab")));
    assert_true(slice_istarts(SLICE("ABc"), SLICE("ab")));
    assert_false(slice_istarts(none, SLICE("ab")));
    assert_true(slice_iends(SLICE("a.EXE"), SLICE(".exe")));
    assert_false(slice_iends(SLICE("exe"), SLICE(".exe")));
    assert_true(slice_iends(none, none));
}

TEST(test_order_puts_the_shorter_first)
{
    assert_true(slice_cmp(SLICE("ab"), SLICE("abc")) < 0);
    assert_true(slice_cmp(SLICE("abc"), SLICE("ab")) > 0);
    assert_true(slice_cmp(SLICE("b"), SLICE("abc")) > 0);
    assert_true(slice_cmp(SLICE("\xff"), SLICE("a")) > 0);
    assert_int_equal(slice_cmp(SLICE(""), (struct slice){NULL, 0}), 0);
}

TEST(test_what_is_not_found_is_at_the_end)
{
    struct slice s = SLICE("a,b,c"), none = {NULL, 0};
    assert_int_equal(slice_find(s, ','), 1);
    assert_int_equal(slice_rfind(s, ','), 3);
    assert_int_equal(slice_find(s, 'x'), 5);
    assert_int_equal(slice_rfind(s, 'x'), 5);
    assert_int_equal(slice_search(s, SLICE("b,")), 2);
    assert_int_equal(slice_search(s, SLICE("c,")), 5);
    assert_int_equal(slice_find(none, 'a'), 0);
    assert_int_equal(slice_rfind(none, 'a'), 0);
    assert_int_equal(slice_search(none, SLICE("a")), 0);
}

TEST(test_numbers_are_digits_within_the_limit)
{
    static const struct {
        struct slice text;
        uint64_t max;
        bool good;
        uint64_t value;
    } cases[] = {
        {SLICE("0"), 0, true, 0},
        {SLICE("5"), 4, false, 0},
        {SLICE("007"), 7, true, 7},
        {SLICE("10"), 9, false, 0},
        {SLICE("18446744073709551615"), UINT64_MAX, true, UINT64_MAX},
        {SLICE("18446744073709551616"), UINT64_MAX, false, 0},
        {SLICE("99999999999999999999999"), UINT64_MAX, false, 0},
        {SLICE("9223372036854775808"), INT64_MAX, false, 0},
        {SLICE(""), 9, false, 0},
        {SLICE("+1"), 9, false, 0},
        {SLICE("-1"), 9, false, 0},
        {SLICE(" 1"), 9, false, 0},
        {SLICE("1a"), 9, false, 0},
        {SLICE("1\0"), 99, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t n = 0;
        assert_int_equal(slice_to_u64(cases[i].text, cases[i].max, &n), cases[i].good);
        assert_true(n == cases[i].value);
    }
}

TEST(test_a_path_is_taken_whole_or_not_at_all)
{
    char path[PATH_MAX], bytes[PATH_MAX];
    memset(bytes, 'a', sizeof bytes);
    assert_true(slice_to_path(SLICE("/etc/gatepost"), path));
    assert_string_equal(path, "/etc/gatepost");
    assert_true(slice_to_path(SLICE(""), path));
    assert_string_equal(path, "");
    assert_true(slice_to_path((struct slice){NULL, 0}, path));
    assert_true(slice_to_path((struct slice){bytes, PATH_MAX - 1}, path));
    assert_int_equal(strlen(path), PATH_MAX - 1);
    assert_false(slice_to_path((struct slice){bytes, PATH_MAX}, path));
    assert_int_equal(errno, ENAMETOOLONG);
    assert_false(slice_to_path(SLICE("/etc\0/passwd"), path));
    assert_int_equal(errno, EINVAL);
    assert_false(slice_to_path(SLICE("/etc\0"), path));
}

TEST(test_cut_at_the_first_separator)
{
    struct slice head, rest;
    assert_true(slice_cut(SLICE("a=b=c"), '=', &head, &rest));
    expect(head, "a");
    expect(rest, "b=c");
    assert_true(slice_cut(SLICE("a="), '=', &head, &rest));
    expect(rest, "");
    assert_false(slice_cut(SLICE("abc"), '=', &head, &rest));
    expect(head, "abc");
    expect(rest, "");
    struct slice both = SLICE("x y");
    assert_true(slice_cut(both, ' ', &head, &both)); /* in place */
    expect(both, "y");
}

TEST(test_hex_digits)
{
    int found = 0;
    for (int c = 0; c < 256; c++)
        if (hex_digit((char)c) >= 0)
            found++;
    assert_int_equal(found, 22);
    assert_int_equal(hex_digit('F'), 15);
    assert_int_equal(hex_digit('a'), 10);
    assert_int_equal(hex_digit('0'), 0);
}

TEST(test_octets_as_hexadecimal_text)
{
    char text[9];
    hex_text((struct slice){"\x00\x7f\x80\xff", 4}, text);
    assert_string_equal(text, "007f80ff");
    hex_text(SLICE(""), text);
    assert_string_equal(text, "");
}

TEST(test_a_text_has_a_nul_and_zeros_behind_it_or_does_not_fit)
{
    char room[8];
    memset(room, 'x', sizeof room);
    assert_true(slice_to_text(SLICE("abc"), room, sizeof room));
    assert_memory_equal(room, "abc\0\0\0\0\0", 8);
    assert_true(slice_to_text(SLICE("1234567"), room, sizeof room));
    assert_string_equal(room, "1234567");
    assert_false(slice_to_text(SLICE("12345678"), room, sizeof room));
    assert_true(slice_to_text((struct slice){NULL, 0}, room, sizeof room));
    assert_string_equal(room, "");
}
