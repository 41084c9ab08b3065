/* SPDX-License-Identifier: ISC */
#include "policy/lexer.h"
#include "policy/names.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>

struct bench {
    struct sources sources;
    struct source source;
    struct buf report;
    struct lexer lexer;
};

static void put(struct bench *b, struct slice text)
{
    *b = (struct bench){.report = buf_init(65536)};
    b->source = (struct source){.path = SLICE("f"), .text = text};
    b->sources = (struct sources){.arena = arena_new(1 << 20), .report = &b->report, .count = 1};
    b->sources.files[0] = &b->source;
    b->lexer = lexer_of_file(&b->sources, 0);
}

static void take(struct bench *b)
{
    arena_free(&b->sources.arena);
    buf_release(&b->report);
}

static struct token only(struct slice text)
{
    struct bench b;
    put(&b, text);
    struct token token = lexer_next(&b.lexer);
    assert_int_equal(lexer_next(&b.lexer).kind, TOKEN_END);
    assert_int_equal(b.sources.errors, token.kind == TOKEN_ERROR);
    token.text = SLICE("");
    take(&b);
    return token;
}

static void refuses(struct slice text, const char *message)
{
    struct bench b;
    put(&b, text);
    assert_int_equal(lexer_next(&b.lexer).kind, TOKEN_ERROR);
    assert_true(slice_search(buf_slice(&b.report), slice_of(message)) < buf_len(&b.report));
    take(&b);
}

TEST(test_numbers_have_units)
{
    assert_true(only(SLICE("25MiB")).number == 25.0 * 1048576);
    assert_int_equal(only(SLICE("25MiB")).kind, TOKEN_SIZE);
    assert_true(only(SLICE("10KB")).number == 10000);
    assert_true(only(SLICE("1.5KiB")).number == 1536);
    assert_true(only(SLICE("10min")).number == 600000);
    assert_int_equal(only(SLICE("7d")).kind, TOKEN_DURATION);
    assert_true(only(SLICE("7d")).number == 7 * 86400e3);
    assert_true(only(SLICE("-2.5")).number == -2.5);
    assert_int_equal(only(SLICE("2.5")).kind, TOKEN_NUMBER);
    assert_int_equal(only(SLICE("5.7.1")).kind, TOKEN_CODE);
}

TEST(test_units_are_unambiguous)
{
    refuses(SLICE("10m"), "unknown unit");
    refuses(SLICE("10mb"), "unknown unit");
    refuses(SLICE("1.0001s "), "1.0001s");
    refuses(SLICE("5.7.1.2"), "three numbers");
    refuses(SLICE("1234567890123456789"), "too many digits");
    refuses(SLICE("999999999999999GiB"), "whole number");
}

TEST(test_strings_know_two_escapes)
{
    struct bench b;
    put(&b, SLICE("\"a \\\"b\\\" \\\\ c\""));
    struct token token = lexer_next(&b.lexer);
    assert_int_equal(token.kind, TOKEN_STRING);
    assert_true(slice_eq(token.text, SLICE("a \"b\" \\ c")));
    take(&b);
    refuses(SLICE("\"a\\n\""), "after a backslash");
    refuses(SLICE("\"a\tb\""), "control character");
    refuses(SLICE("\"a\nb\""), "not closed");
    refuses(SLICE("\"a\0b\""), "control character");
    refuses(SLICE("\"a"), "not closed");
    refuses(SLICE("\"a\\"), "backslash");
}

TEST(test_patterns_are_raw)
{
    struct bench b;
    put(&b, SLICE("/a\\/b\\\\/i /x/"));
    struct token token = lexer_next(&b.lexer);
    assert_int_equal(token.kind, TOKEN_REGEX);
    assert_true(token.fold);
    assert_true(slice_eq(token.text, SLICE("a\\/b\\\\")));
    assert_false(lexer_next(&b.lexer).fold);
    take(&b);
    refuses(SLICE("/a\n/"), "not closed");
    refuses(SLICE("/a/g"), "only letter after a pattern");
}

TEST(test_words_comments_and_operators)
{
    static const enum token_kind kinds[] = {TOKEN_WORD, TOKEN_COMPARE, TOKEN_WORD, TOKEN_PUNCT,
                                            TOKEN_END};
    struct bench b;
    put(&b, SLICE("# a comment\n  a.b_c.d >= x # more\n  { #"));
    for (size_t i = 0; i < 5; i++) {
        struct token token = lexer_next(&b.lexer);
        assert_int_equal(token.kind, kinds[i]);
        assert_int_equal(token.line_start, i == 0 || i == 3);
    }
    take(&b);
    refuses(SLICE("="), "expected ==");
    refuses(SLICE("!"), "expected !=");
    refuses(SLICE("$"), "no meaning");
    refuses(SLICE("."), "no meaning");
    refuses(SLICE("\xc3\xa9"), "no meaning");
}

TEST(test_columns_count_characters)
{
    struct bench b;
    put(&b, SLICE("\n \"\xc3\xa4\xc3\xb6\" $"));
    lexer_next(&b.lexer);
    lexer_next(&b.lexer);
    assert_true(
        slice_eq(buf_slice(&b.report), SLICE("f:2:7: error: this character has no meaning here\n"
                                             "     \"\xc3\xa4\xc3\xb6\" $\n"
                                             "          ^\n")));
    take(&b);
}

static struct slice near_to(const char *word)
{
    struct nearest near = nearest_to(slice_of(word));
    nearest_offer(&near, SLICE("message_size"));
    nearest_offer(&near, SLICE("recipients"));
    nearest_offer(&near, SLICE("errors"));
    return nearest_name(&near);
}

TEST(test_the_nearest_word_is_one_that_may_be_meant)
{
    assert_true(slice_eq(near_to("mesage_size"), SLICE("message_size")));
    assert_true(slice_eq(near_to("Recipient"), SLICE("recipients")));
    assert_true(slice_eq(near_to("errosr"), SLICE("errors")));
    assert_int_equal(near_to("banana").len, 0);
    assert_int_equal(near_to("").len, 0);
    assert_int_equal(names_distance(SLICE("ab"), SLICE("ba"), 9), 1);
    assert_int_equal(names_distance(SLICE("abc"), SLICE(""), 9), 3);
}
