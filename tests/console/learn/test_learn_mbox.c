/* SPDX-License-Identifier: ISC */
#include "console/learn/mbox.h"
#include "tests/harness/unit.h"

#include <string.h>

enum { PLACE = 4096 };

static char told[PLACE];

/* The messages of `text` with "|" behind each, given in pieces of `step` octets. */
static const char *split(struct slice text, size_t step)
{
    struct mbox mbox = {0};
    struct buf out = buf_init(PLACE - 1);
    while (text.len) {
        struct slice piece = slice_sub(text, 0, step);
        text = slice_from(text, piece.len);
        size_t before = buf_len(&out), given = piece.len;
        while (mbox_take(&mbox, &piece, &out))
            buf_char(&out, '|');
        assert_int_equal(piece.len, 0);
        assert_true(buf_len(&out) - before <= 2 * given + MBOX_HELD);
    }
    mbox_end(&mbox, &out);
    buf_char(&out, '|');
    assert_false(out.failed);
    struct slice all = buf_slice(&out);
    memcpy(told, all.ptr, all.len);
    told[all.len] = '\0';
    buf_release(&out);
    return told;
}

static void splits(const char *text, const char *messages)
{
    struct slice octets = slice_of(text);
    for (size_t step = 1; step <= octets.len; step++)
        assert_string_equal(split(octets, step), messages);
}

TEST(test_each_from_line_after_an_empty_one_begins_a_message)
{
    splits("From a@x Thu Jan  1\nSubject: 1\n\none\n\nFrom b@x Thu Jan  1\nSubject: 2\n\ntwo\n\n",
           "Subject: 1\n\none\n|Subject: 2\n\ntwo\n|");
}

TEST(test_crlf_is_kept_and_separates_as_well)
{
    splits("From a\r\nA: 1\r\n\r\none\r\n\r\nFrom b\r\nA: 2\r\n\r\ntwo\r\n\r\n",
           "A: 1\r\n\r\none\r\n|A: 2\r\n\r\ntwo\r\n|");
}

TEST(test_of_several_empty_lines_the_last_alone_is_the_separator)
{
    splits("From a\nA: 1\n\none\n\n\r\n\nFrom b\nA: 2\n", "A: 1\n\none\n\n\r\n|A: 2\n|");
}

TEST(test_a_from_line_without_an_empty_line_before_it_is_text)
{
    splits("From a\nA: 1\n\none\nFrom here on\n", "A: 1\n\none\nFrom here on\n|");
    splits("From a\nFrom b\nA: 1\n", "From b\nA: 1\n|");
}

TEST(test_one_quote_of_each_quoted_from_is_taken_away)
{
    splits("From a\nA: 1\n\n>From x\n>>>From y\n\n>>From z\n>Fron\n>> From\n> >From q\n>",
           "A: 1\n\nFrom x\n>>From y\n\n>From z\n>Fron\n>> From\n> >From q\n>|");
}

TEST(test_what_only_begins_like_a_separator_is_text)
{
    splits("From a\nA: 1\n\nFrom\n\nFro\n\n\rFrom b\n\n\r\rFrom c\n\nfrom d\n\nFFrom e\n\nFrom",
           "A: 1\n\nFrom\n\nFro\n\n\rFrom b\n\n\r\rFrom c\n\nfrom d\n\nFFrom e\n\nFrom|");
    splits("From a\nA: 1\n\n>\r\n>\nF\r\n\r", "A: 1\n\n>\r\n>\nF\r\n\r|");
}

TEST(test_messages_without_an_octet_are_still_counted)
{
    splits("From a\n\nFrom b\n\nFrom c", "|||");
}

TEST(test_the_end_of_the_file_may_come_anywhere)
{
    splits("From a\nA: 1\n\none", "A: 1\n\none|");
    splits("From a\nA: 1\n\none\n\nFrom ", "A: 1\n\none\n||");
}

TEST(test_any_octets_pass)
{
    static const char text[] = "From a\nA: \0\xff\n\n\0\n\nFrom \0\nB\0";
    struct slice octets = {text, sizeof text - 1};
    for (size_t step = 1; step <= octets.len; step++) {
        split(octets, step);
        assert_memory_equal(told, "A: \0\xff\n\n\0\n|B\0|", 13);
    }
}

/* A run of ">" that never ends is not held back. */
TEST(test_quotes_without_end_are_passed_on)
{
    static char text[2048];
    memset(text, '>', sizeof text);
    memcpy(text, "From a\n", 7);
    struct mbox mbox = {0};
    struct buf out = buf_init(PLACE);
    struct slice input = {text, sizeof text};
    assert_false(mbox_take(&mbox, &input, &out));
    assert_int_equal(buf_len(&out), sizeof text - 7 - 1);
    buf_release(&out);
}
