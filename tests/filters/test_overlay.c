/* SPDX-License-Identifier: ISC */
#include "filters/mime/transfer.h"
#include "filters/overlay.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

#define NOTICE "[Gatepost has removed this: no programs]"

static void over(char *text, enum overlay_encoding encoding)
{
    size_t len = strlen(text);
    overlay(text, len, (struct overlay_range){0, len, encoding}, SLICE(NOTICE));
}

TEST(test_text_is_replaced_line_by_line)
{
    char text[] = "Hello you\r\nsecond\r\n\r\nthird line that is long enough for the rest\r\n";
    over(text, OVERLAY_IDENTITY);
    assert_string_equal(
        text, "[Gatepost\r\n has r\r\n\r\nemoved this: no programs]                 -\r\n");
}

TEST(test_dots_at_the_beginning_of_lines_stay_as_many)
{
    char text[] = ".a\r\n..\r\nb\r\n.\r\n";
    overlay(text, strlen(text), (struct overlay_range){0, strlen(text), OVERLAY_IDENTITY},
            SLICE("........"));
    assert_string_equal(text, "..\r\n..\r\n-\r\n.\r\n");
}

TEST(test_no_line_ends_with_a_blank)
{
    char text[] = "aaaa\r\nbb";
    overlay(text, strlen(text), (struct overlay_range){0, strlen(text), OVERLAY_IDENTITY},
            SLICE(""));
    assert_string_equal(text, "   -\r\n -");
}

TEST(test_lone_breaks_stay)
{
    char text[] = "ab\rcd\nef";
    over(text, OVERLAY_IDENTITY);
    assert_string_equal(text, "[G\rat\nep");
}

static size_t decode(const char *text, char *out)
{
    struct base64 st = {0};
    size_t n = base64_decode(&st, (struct slice){text, strlen(text)}, out);
    return n + base64_finish(&st, out + n);
}

/* Decoded it is as long, and begins with the notice. */
static void is_as_long(const char *text)
{
    char before[512], after[512], copy[512];
    strcpy(copy, text);
    over(copy, OVERLAY_BASE64);
    size_t n = decode(text, before), m = decode(copy, after);
    assert_int_equal(n, m);
    assert_memory_equal(after, NOTICE, m < strlen(NOTICE) ? m : strlen(NOTICE));
    for (size_t i = 0; text[i]; i++)
        if (text[i] == '=' || text[i] == '\r' || text[i] == '\n' || text[i] == ' ')
            assert_int_equal(text[i], copy[i]);
}

TEST(test_base64_of_every_length_decodes_to_as_many_octets)
{
    static const char letters[] =
        "TVqQAAMAAAAEAAAA//8AALgAAAAAAAAAQAAAAAAA+/sdGhpcyBpcyBhIHNlY3JldCBhbmQgbG9u";
    char text[300];
    for (size_t len = 0; len <= 200; len++) {
        for (size_t i = 0; i < len; i++)
            text[i] = letters[i % (sizeof letters - 1)];
        text[len] = '\0';
        is_as_long(text);
        strcpy(text + len, len % 4 == 2 ? "==\r\n" : len % 4 == 3 ? "=\r\n" : "\r\n");
        is_as_long(text);
    }
}

TEST(test_base64_keeps_blanks_and_padding_wherever_they_stand)
{
    is_as_long("TVqQ AAMA\r\nAA AE\r\n AA==\r\n");
    is_as_long("TVqQAA==TVqQAAMA\r\n");
    is_as_long("TVqQ\r\nA\r\nA\r\n");
    is_as_long("====\r\n");
}

TEST(test_quoted_printable_decodes_to_as_many_octets)
{
    char text[] = "a=C3=BCb=\r\nsoft  \r\n=3D= \t\r\nlast\r\n";
    over(text, OVERLAY_QP);
    assert_string_equal(text, "[=47=61t=\r\nepos  \r\n=74= \t\r\n has\r\n");
}

TEST(test_quoted_printable_holds_no_equals_sign_of_ours)
{
    char text[] = "abc\r\n.d=zz\r\n=";
    overlay(text, strlen(text), (struct overlay_range){0, strlen(text), OVERLAY_QP}, SLICE("=.="));
    assert_string_equal(text, "-.-\r\n. =--\r\n=");
}

TEST(test_broken_quoted_printable_is_given_no_meaning)
{
    static const char *const texts[] = {"=zz tail\r\n", "abc=x \r\n", "=\rx \r\n", "= x\r\n", "=4"};
    char text[32], before[64], after[64];
    unsigned found = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t len = strlen(strcpy(text, texts[i]));
        size_t n = qp_decode((struct slice){text, len}, before, &found);
        overlay(text, len, (struct overlay_range){0, len, OVERLAY_QP}, SLICE("abc"));
        assert_int_equal(qp_decode((struct slice){text, len}, after, &found), n);
    }
}

TEST(test_a_long_run_of_blanks_is_looked_at_once)
{
    enum { LONG = 4 << 20 };
    char *text = malloc(LONG);
    memset(text, ' ', LONG);
    text[LONG - 1] = 'x';
    overlay(text, LONG, (struct overlay_range){0, LONG, OVERLAY_QP}, SLICE("notice"));
    assert_memory_equal(text, "notice ", 7);
    assert_int_equal(text[LONG - 1], '-');
    free(text);
}

TEST(test_a_range_outside_is_cut)
{
    char text[] = "abcdef";
    overlay(text, 3, (struct overlay_range){1, UINT64_MAX, OVERLAY_IDENTITY}, SLICE("XYZ"));
    assert_string_equal(text, "aXYdef");
    overlay(text, 3, (struct overlay_range){9, 20, OVERLAY_BASE64}, SLICE("XYZ"));
    overlay(text, 3, (struct overlay_range){2, 1, OVERLAY_QP}, SLICE("XYZ"));
    assert_string_equal(text, "aXYdef");
}
