/* SPDX-License-Identifier: ISC */
#include "console/terminal.h"
#include "tests/harness/unit.h"

#include <locale.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

static char shown[4096];

static void speak_utf8(void)
{
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
}

ALL_TESTS(speak_utf8, NULL);

static size_t show(struct slice text, size_t columns)
{
    struct buf out = buf_init(sizeof shown - 1);
    size_t used = terminal_text(&out, text, columns);
    struct slice s = buf_slice(&out);
    for (size_t i = 0; i < s.len; i++)
        shown[i] = s.ptr[i];
    shown[s.len] = '\0';
    buf_release(&out);
    return used;
}

TEST(test_controls_are_escaped)
{
    assert_int_equal(show(SLICE("a\033[31mb\r\n\0c\x7f"), 0), 27);
    assert_string_equal(shown, "a\\x1b[31mb\\x0d\\x0a\\x00c\\x7f");
}

TEST(test_printable_utf8_stays_and_counts_columns)
{
    assert_int_equal(show(SLICE("gr\xc3\xbc\xc3\x9f \xe6\x97\xa5"), 0), 7);
    assert_string_equal(shown, "gr\xc3\xbc\xc3\x9f \xe6\x97\xa5");
}

TEST(test_what_turns_or_hides_text_is_escaped)
{
    show(SLICE("\xe2\x80\xae"
               "a\xe2\x80\x8b"
               "b\xc2\x9b"),
         0);
    assert_string_equal(shown, "\\u{202e}a\\u{200b}b\\u{009b}");
}

TEST(test_broken_utf8_is_escaped)
{
    show(SLICE("\xff\xc3"), 0);
    assert_string_equal(shown, "\\xff\\xc3");
    show(SLICE("\xed\xa0\x80"), 0);
    assert_string_equal(shown, "\\xed\\xa0\\x80");
}

TEST(test_what_is_too_wide_is_cut_and_says_so)
{
    assert_int_equal(show(SLICE("abcdefghij"), 10), 10);
    assert_string_equal(shown, "abcdefghij");
    assert_int_equal(show(SLICE("abcdefghijk"), 10), 10);
    assert_string_equal(shown, "abcdefgh..");
    assert_true(show(SLICE("abcdefg\033\033"), 10) <= 10);
}

TEST(test_words_are_wrapped_and_indented)
{
    struct terminal terminal = {.width = 12};
    struct buf out = buf_init(1000);
    terminal_wrap(&terminal, &out, SLICE("one two three four"), 2);
    assert_true(slice_eq(buf_slice(&out), SLICE("one two\n  three four")));
    buf_clear(&out);
    terminal.width = 0;
    terminal_wrap(&terminal, &out, SLICE("one two three four"), 2);
    assert_true(slice_eq(buf_slice(&out), SLICE("one two three four")));
    buf_release(&out);
}

TEST(test_a_time_is_told_as_exactly_as_is_asked)
{
    static const struct {
        int64_t seconds;
        enum precision precision;
        const char *words;
    } rows[] = {{951782400, TO_THE_DAY, "2000-02-29"},
                {951782461, TO_THE_MINUTE, "2000-02-29 00:01"},
                {951782461, TO_THE_SECOND, "2000-02-29 00:01:01"},
                {INT64_MAX, TO_THE_DAY, ""}};
    setenv("TZ", "UTC", 1);
    tzset();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = buf_init(64);
        terminal_time(&out, rows[i].seconds, rows[i].precision);
        assert_true(slice_eq(buf_slice(&out), slice_of(rows[i].words)));
        buf_release(&out);
    }
}
