/* SPDX-License-Identifier: ISC */
#include "proxy/examine/own_words.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

#define PARTS                                                                                      \
    "Content-Type: multipart/alternative; boundary=b\r\n\r\nThis is a multi-part message.\r\n"     \
    "--b\r\nContent-Type: text/plain\r\n\r\n"

static size_t words_of(const char *message)
{
    return own_words(slice_of(message));
}

TEST(test_letters_of_the_body_count)
{
    assert_int_equal(words_of("Subject: hello\r\n\r\nstop it, 123!\r\n\r\nNow\r\n"), 9);
    assert_int_equal(words_of("Subject: hello\r\n\r\n\xc3\xa4\r\n"), 2);
    assert_int_equal(words_of("Subject: hello\r\n\r\n"), 0);
    assert_int_equal(words_of(""), 0);
}

TEST(test_what_is_quoted_and_who_is_quoted_are_not_his_words)
{
    static const char *const ends[] = {"> all of it\r\nmore\r\n",
                                       "\r\n> all of it\r\n",
                                       "On Monday Bob wrote:\r\n> all\r\n",
                                       "\r\nOn Monday, at ten,\r\nBob wrote:\r\n\r\n> all\r\n",
                                       "-- \r\nAnna\r\n",
                                       "--\r\nAnna\r\n",
                                       "-----Original Message-----\r\nFrom: x\r\n"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char message[200] = "A: b\r\n\r\nno\r\n\r\n";
        strcat(message, ends[i]);
        assert_int_equal(words_of(message), 2);
    }
    assert_int_equal(words_of("A: b\r\n\r\nas follows:\r\n\r\nall\r\n> x\r\n"), 12);
}

TEST(test_of_parts_the_first_text_counts_without_what_says_how_it_is_written)
{
    assert_int_equal(words_of(PARTS "stop\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>stop it\r\n"),
                     4);
    assert_int_equal(words_of("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n" PARTS
                              "stop\r\n--b--\r\n"),
                     4);
}

TEST(test_no_more_than_the_beginning_of_a_body_is_looked_at)
{
    size_t size = OWN_WORDS_MAX + 1000;
    char *message = malloc(size);
    memset(message, 'x', size);
    memcpy(message, "A: b\r\n\r\n", 8);
    assert_int_equal(own_words((struct slice){message, size}), OWN_WORDS_MAX);
    free(message);
}
