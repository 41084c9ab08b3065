/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_argument.h"
#include "tests/harness/unit.h"

static void assert_quoted(const char *text, const char *expected)
{
    char room[64];
    struct buf out = buf_over(room, sizeof room);
    imap_quote(&out, text);
    struct slice made = buf_slice(&out);
    if (!slice_eq(made, slice_of(expected)))
        fail_msg("%.*s, not %s", SLICE_ARGS(made), expected);
}

TEST(test_quotes_and_backslashes_are_escaped_and_nothing_else)
{
    assert_quoted("", "\"\"");
    assert_quoted("joe@example.com", "\"joe@example.com\"");
    assert_quoted("a\"b\\c {5} (*) \t\x01\x7f", "\"a\\\"b\\\\c {5} (*) \t\x01\x7f\"");
}

TEST(test_what_a_quoted_string_cannot_hold_is_told)
{
    assert_true(imap_is_quotable("a\"b\\c {5} (*) \t\x01\x7f"));
    assert_true(imap_is_quotable(""));
    assert_false(imap_is_quotable("pa\xc3\xa4ss"));
    assert_false(imap_is_quotable("a\rb"));
    assert_false(imap_is_quotable("a\nb"));
    assert_false(imap_is_quotable("\xff"));
}
