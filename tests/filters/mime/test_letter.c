/* SPDX-License-Identifier: ISC */
#include "filters/mime/letter.h"

#include "base/buf.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

static size_t answers_of(const char *block, struct slice out[static LETTER_ANSWERS_MOST])
{
    return letter_answers(slice_of(block), out);
}

static void assert_text(struct slice text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

/* ---- Message-IDs ---- */

TEST(test_the_first_message_id_is_its_name)
{
    assert_text(letter_id(SLICE("From: a@b\r\nMessage-ID:\r\n <1@a.example> (x)\r\n")),
                "<1@a.example>");
    assert_text(letter_id(SLICE("message-id: <1@a>\r\nMessage-ID: <2@a>\r\n")), "<1@a>");
}

TEST(test_what_is_no_message_id_names_nothing)
{
    static const char *const blocks[] = {"",
                                         "Message-ID: 1@a.example\r\n",
                                         "Message-ID: <>\r\n",
                                         "Message-ID: <1@a.example\r\n",
                                         "Message-ID: <1 2@a.example>\r\n",
                                         "Message-ID: <1\x01@a.example>\r\n",
                                         "Message-ID: 1@a>\r\n",
                                         "Subject: Message-ID: <1@a>\r\n"};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        assert_int_equal(letter_id(slice_of(blocks[i])).len, 0);
}

TEST(test_a_message_id_too_long_is_none)
{
    char block[LETTER_ID_MOST + 64];
    char filler[LETTER_ID_MOST + 1];
    memset(filler, 'x', sizeof filler);
    snprintf(block, sizeof block, "Message-ID: <%.*s>\r\n", LETTER_ID_MOST - 2, filler);
    assert_int_equal(letter_id(slice_of(block)).len, LETTER_ID_MOST);
    snprintf(block, sizeof block, "Message-ID: <%.*s>\r\n", LETTER_ID_MOST - 1, filler);
    assert_int_equal(letter_id(slice_of(block)).len, 0);
}

TEST(test_what_it_answers_is_told_from_the_nearest_on)
{
    struct slice ids[LETTER_ANSWERS_MOST];
    assert_int_equal(
        answers_of("References: <1@a> <2@a>\r\n\t<3@a>\r\nIn-Reply-To: <3@a>\r\n", ids), 4);
    assert_text(ids[0], "<3@a>");
    assert_text(ids[1], "<3@a>");
    assert_text(ids[2], "<2@a>");
    assert_text(ids[3], "<1@a>");
}

TEST(test_words_around_them_are_none)
{
    struct slice ids[LETTER_ANSWERS_MOST];
    assert_int_equal(answers_of("In-Reply-To: Your message of \"Mon\" <1@a> < <2@a> <x\r\n", ids),
                     2);
    assert_text(ids[0], "<1@a>");
    assert_text(ids[1], "<2@a>");
    assert_int_equal(answers_of("In-Reply-To: <>\r\nReferences: > < <<>> x\r\n", ids), 0);
    assert_int_equal(answers_of("Subject: x\r\n", ids), 0);
}

static void append_ids(struct buf *block, const char *prefix)
{
    for (int i = 0; i < 100; i++)
        buf_printf(block, " <%s%d@a>", prefix, i);
}

TEST(test_of_many_the_first_and_the_last_count)
{
    struct buf block = buf_init(8192);
    struct slice ids[LETTER_ANSWERS_MOST];
    buf_cstr(&block, "In-Reply-To:");
    append_ids(&block, "r");
    buf_cstr(&block, "\r\nReferences:");
    append_ids(&block, "");
    assert_int_equal(letter_answers(buf_slice(&block), ids), LETTER_ANSWERS_MOST);
    assert_text(ids[0], "<r0@a>");
    assert_text(ids[3], "<r3@a>");
    assert_text(ids[4], "<99@a>");
    assert_text(ids[LETTER_ANSWERS_MOST - 1], "<88@a>");
    buf_release(&block);
}

/* ---- programs ---- */

TEST(test_a_program_is_known_by_its_own_account)
{
    static const char *const blocks[] = {
        "Auto-Submitted: auto-replied\r\n",
        "auto-submitted: Auto-Generated; owner-email=\"a@b\"\r\n",
        "Auto-Submitted:\r\n",
        "Subject: x\r\nAuto-Submitted: nothing\r\n",
        "Precedence: bulk\r\n",
        "Precedence: LIST\r\n",
        "Precedence: junk (x)\r\n",
        "Precedence: auto_reply\r\n",
        "X-Autoreply: yes\r\n",
        "X-Auto-Response-Suppress: All\r\n",
        "X-MS-Exchange-Inbox-Rules-Loop: a@b\r\n",
        "List-Id: <x.example>\r\n",
        "Content-Type: multipart/report; report-type=disposition-notification\r\n",
        "Content-Type:\r\n multipart/report;\r\n report-type=delivery-status\r\n",
        "Auto-Submitted: no\r\nAuto-Submitted: auto-replied\r\n"};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        assert_true(letter_is_automatic(slice_of(blocks[i])));
}

TEST(test_what_a_person_writes_is_no_programs)
{
    static const char *const blocks[] = {"",
                                         "From: a@b\r\nSubject: Auto-Submitted: auto-replied\r\n",
                                         "Auto-Submitted: no\r\n",
                                         "Auto-Submitted: NO (a person)\r\n",
                                         "Auto-Submitted: no; x=y\r\n",
                                         "Precedence: first-class\r\n",
                                         "Content-Type: multipart/mixed; x=multipart/report\r\n",
                                         "Content-Type: multipart/reports\r\n"};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        assert_false(letter_is_automatic(slice_of(blocks[i])));
}

/* ---- From ---- */

static bool is_example(void *ctx, struct slice domain)
{
    (void)ctx;
    return slice_ieq(domain, SLICE("example.com")) || slice_ieq(domain, SLICE("b\xc3\xbc.example"));
}

static bool is_from_us(const char *block)
{
    return letter_is_from(slice_of(block), is_example, NULL);
}

TEST(test_from_is_ours_when_all_domains_in_it_are)
{
    assert_true(is_from_us("From: Anna <anna@example.com>\r\n"));
    assert_true(is_from_us("from:\r\n \"anna@Example.COM\" <anna@example.com>\r\n"));
    assert_true(is_from_us("From: anna@example.com, b@b\xc3\xbc.example\r\n"));
    assert_true(is_from_us("From: anna@example.com (x)\r\nSubject: a@b\r\n"));
}

TEST(test_from_is_not_ours_when_anything_in_it_is_elsewhere)
{
    assert_false(is_from_us(""));
    assert_false(is_from_us("From: Anna\r\n"));
    assert_false(is_from_us("To: anna@example.com\r\n"));
    assert_false(is_from_us("From: \"anna@example.com\" <x@elsewhere.example>\r\n"));
    assert_false(is_from_us("From: anna@example.com\r\nFrom: x@elsewhere.example\r\n"));
    assert_false(is_from_us("From: anna@example.com.evil.example\r\n"));
    assert_false(is_from_us("From: anna@ example.com\r\n"));
    assert_false(is_from_us("From: anna@example.com@\r\n"));
}

TEST(test_from_with_names_without_end_is_not_ours)
{
    struct buf block = buf_init(1024);
    buf_cstr(&block, "From: ");
    for (int i = 0; i < 16; i++)
        buf_cstr(&block, "a@example.com, ");
    assert_true(letter_is_from(buf_slice(&block), is_example, NULL));
    buf_cstr(&block, "a@example.com");
    assert_false(letter_is_from(buf_slice(&block), is_example, NULL));
    buf_release(&block);
}

TEST(test_what_it_answers_is_one_message)
{
    assert_text(letter_answered(SLICE("References: <1@a> <2@a>\r\nIn-Reply-To: <3@a> <4@a>\r\n")),
                "<3@a>");
    assert_text(letter_answered(SLICE("References: <1@a> <2@a>\r\nIn-Reply-To: Bob\r\n")), "<2@a>");
    assert_int_equal(letter_answered(SLICE("Message-ID: <1@a>\r\n")).len, 0);
}
