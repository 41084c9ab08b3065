/* SPDX-License-Identifier: ISC */
#include "proxy/examine/body_text.h"
#include "tests/harness/unit.h"

#include <string.h>

#define TEXT "this is the best offer that anybody has ever made\r\n"

static bool same(const char *one, const char *other)
{
    uint8_t a[BODY_TEXT_DIGEST], b[BODY_TEXT_DIGEST];
    assert_true(body_text_digest(slice_of(one), a));
    assert_true(body_text_digest(slice_of(other), b));
    return memcmp(a, b, sizeof a) == 0;
}

static bool says_something(const char *message)
{
    uint8_t digest[BODY_TEXT_DIGEST];
    return body_text_digest(slice_of(message), digest);
}

TEST(test_what_stands_in_the_header_is_no_matter)
{
    assert_true(same("Subject: a\r\nTo: x\r\n\r\n" TEXT, "Subject: b\r\n\r\n" TEXT));
    assert_false(same("A: a\r\n\r\n" TEXT,
                      "A: a\r\n\r\nand this is quite another text, of another author\r\n"));
}

TEST(test_numbers_blanks_case_and_the_name_of_its_reader_are_no_matter)
{
    assert_true(same("A: a\r\n\r\nDear Ann,\r\n" TEXT "your number is 123456, call us\r\n",
                     "A: a\r\n\r\nDear Benedikt,\r\n" TEXT "YOUR NUMBER  is 99, call\tus\r\n"));
}

TEST(test_what_separates_parts_is_no_matter)
{
    assert_true(same("A: a\r\n\r\n--=_abcdefghijklmnopqrstuvwx\r\nContent-Type: "
                     "multipart/related;\r\n\tBoundary=\"uvwxyzabcdefghi\"\r\n" TEXT,
                     "A: a\r\n\r\n--=_zyxwvutsrqponmlkjihgfedc\r\nContent-Type: "
                     "multipart/related;\r\n\tboundary=\"ihgfedcbazyxwvutsr\"\r\n" TEXT));
}

TEST(test_short_lines_count_where_there_are_no_others)
{
    assert_true(same("A: a\r\n\r\ncall me\r\n", "A: b\r\n\r\ncall me 2\r\n"));
    assert_false(same("A: a\r\n\r\ncall me\r\n", "A: a\r\n\r\ncall him\r\n"));
    assert_false(same("A: a\r\n\r\nab\r\nc\r\n", "A: a\r\n\r\na\r\nbc\r\n"));
}

TEST(test_a_message_may_say_nothing)
{
    assert_false(says_something(""));
    assert_false(says_something("A: a\r\n\r\n"));
    assert_false(says_something("A: a\r\n"));
    assert_false(says_something("A: a\r\n\r\n \r\n123\r\n--x\r\n"));
    assert_true(says_something("no header, but text"));
}

TEST(test_what_lies_far_behind_is_not_looked_at)
{
    static char one[2 * BODY_TEXT_MAX], other[2 * BODY_TEXT_MAX];
    memset(one, 'a', sizeof one - 1);
    memcpy(one, "A: a\r\n\r\n", 8);
    memcpy(other, one, sizeof one);
    other[sizeof other - 2] = 'b';
    assert_true(same(one, other));
    other[100] = 'b';
    assert_false(same(one, other));
}
