/* SPDX-License-Identifier: ISC */
#include "tests/filters/spam/spam_message.h"

#include <string.h>

ARENA_TESTS(64 << 20);

static const uint8_t key[SPAM_KEY_SIZE] = "sixteen octets!",
                     other_key[SPAM_KEY_SIZE] = "sixteen others!";

#define HEADER "From: Ann <ann@shop.example>\r\nSubject: Hello\r\nTo: a@b.example\r\n"

static struct slice of(const char *message)
{
    return vector_of(arena, message, key);
}

static void same(const char *one, const char *other)
{
    assert_true(slice_eq(of(one), of(other)));
}

static void different(const char *one, const char *other)
{
    assert_false(slice_eq(of(one), of(other)));
}

static struct spam_vector opened(const char *message)
{
    struct spam_vector vector;
    assert_true(spam_vector_open(of(message), &vector));
    return vector;
}

static const char *with_text(size_t words)
{
    struct buf out = buf_init(1 << 20);
    buf_cstr(&out, HEADER "\r\n");
    for (size_t i = 0; i < words; i++)
        buf_printf(&out, "word%05zu\r\n", i); /* ten octets with the blank behind it */
    const char *message = arena_cstr(arena, buf_slice(&out));
    buf_release(&out);
    return message;
}

TEST(test_a_vector_is_a_function_of_message_and_key)
{
    same(HEADER "\r\nHello", HEADER "\r\nHello");
    different(HEADER "\r\nHello", HEADER "\r\nHullo");
    struct slice elsewhere = vector_of(arena, HEADER "\r\nHello", other_key);
    assert_false(slice_eq(of(HEADER "\r\nHello"), elsewhere));
}

TEST(test_who_writes_what_about_and_where_links_lead_counts)
{
    different(HEADER "\r\nx",
              "From: Ann <ann@shap.example>\r\nSubject: Hello\r\nTo: a@b.example\r\n\r\nx");
    different(HEADER "\r\nx",
              "From: Ann <ann@shop.example>\r\nSubject: Hallo\r\nTo: a@b.example\r\n\r\nx");
    different(HEADER "\r\nhttp://a.example/", HEADER "\r\nhttp://b.example/");
}

TEST(test_names_and_order_of_fields_count)
{
    different(HEADER "\r\nx", "X-A: 1\r\n" HEADER "\r\nx");
    different("A: 1\r\nB: 1\r\nC: 1\r\n\r\nx", "A: 1\r\nC: 1\r\nB: 1\r\n\r\nx");
}

/* Vectors without the shape of a message, which tells how long it is. */
static void no_trace(const char *field)
{
    struct spam_key words = spam_key_of(key);
    struct slice name = slice_sub(slice_of(field), 0, slice_find(slice_of(field), ':'));
    uint32_t cell = spam_cell(&words, SPAM_TOKEN_FIELD, name);
    const char *message = arena_printf(arena, "%s\r\n" HEADER "\r\nx", field).ptr;
    struct spam_vector vector = opened(message);
    struct spam_reading reading = spam_section_read(&vector.whole);
    while (reading.left)
        assert_int_not_equal(spam_section_next(&reading), cell);
}

TEST(test_fields_that_receivers_add_leave_no_trace)
{
    no_trace("Received: from a by b");
    no_trace("Authentication-Results: mx.example; spf=pass");
    no_trace("ARC-Seal: i=1");
    no_trace("X-Gatepost-Id: 1");
    no_trace("Return-Path: <a@b.example>");
    no_trace("Delivered-To: a@b.example");
    no_trace("X-Spam-Status: Yes");
    no_trace("x-spam-flag: YES");
}

TEST(test_recipients_are_not_told_apart)
{
    same("To: abc@one.example\r\n\r\nx", "To: xyz@two.example\r\n\r\nx");
}

TEST(test_encodings_of_a_text_do_not_change_its_windows)
{
    struct spam_vector one = opened(HEADER "\r\nBuy now, today\r\n");
    struct spam_vector other =
        opened(HEADER "Content-Transfer-Encoding: base64\r\n\r\nQnV5IG5vdywgdG9kYXkK\r\n");
    assert_int_equal(one.count, 1);
    assert_int_equal(other.count, 1);
    assert_true(slice_eq(one.windows[0].octets, other.windows[0].octets));
}

/* Whether the first window of a text has a token. */
static bool has(const char *text, enum spam_token token, struct slice wanted)
{
    struct spam_key words = spam_key_of(key);
    uint32_t cell = spam_cell(&words, token, wanted);
    struct spam_vector vector = opened(arena_printf(arena, HEADER "\r\n%s\r\n", text).ptr);
    struct spam_reading reading = spam_section_read(&vector.windows[0]);
    bool found = false;
    while (reading.left)
        found |= spam_section_next(&reading) == cell;
    return found;
}

TEST(test_a_word_with_capitals_counts_as_it_is_spelt_too)
{
    assert_true(has("buy NOW today", SPAM_TOKEN_WORD, SLICE("now")));
    assert_true(has("buy NOW today", SPAM_TOKEN_CAPITALS, SLICE("NOW")));
    assert_true(has("buy Now today", SPAM_TOKEN_CAPITALS, SLICE("Now")));
    assert_false(has("buy now today", SPAM_TOKEN_CAPITALS, SLICE("now")));
    assert_false(has("so I buy", SPAM_TOKEN_CAPITALS, SLICE("I")));
}

TEST(test_figures_have_a_form)
{
    assert_true(has("for $19.95 only", SPAM_TOKEN_WORD, SLICE("$19")));
    assert_true(has("for $19.95 only", SPAM_TOKEN_FIGURES, SLICE("$0")));
    assert_true(has("for $5,000 only", SPAM_TOKEN_FIGURES, SLICE("$0")));
    assert_true(has("to be 100% sure", SPAM_TOKEN_FIGURES, SLICE("0%")));
    assert_false(has("for little only", SPAM_TOKEN_FIGURES, SLICE("a")));
}

TEST(test_marks_count_as_they_stand_together)
{
    assert_true(has("now!!! Yes", SPAM_TOKEN_MARKS, SLICE("!!!")));
    assert_false(has("now!!! Yes", SPAM_TOKEN_MARKS, SLICE("!")));
    assert_true(has("now!!!!!!!!!! Yes", SPAM_TOKEN_MARKS, SLICE("!!!!!!")));
    assert_true(has("(now", SPAM_TOKEN_MARKS, SLICE("(")));
}

TEST(test_hidden_text_does_not_count)
{
    struct spam_vector one = opened(HEADER "Content-Type: text/html\r\n\r\n<p>Buy now</p>");
    struct spam_vector other = opened(
        HEADER
        "Content-Type: text/html\r\n\r\n<p>Buy now</p><p style='display:none'>dear friend</p>");
    assert_int_equal(other.count, 1);
    assert_true(slice_eq(one.windows[0].octets, other.windows[0].octets));
}

TEST(test_a_message_without_text_has_no_window)
{
    assert_int_equal(opened(HEADER "\r\n").count, 0);
    assert_int_equal(opened("").count, 0);
}

TEST(test_windows_cover_a_text_and_are_bounded)
{
    assert_int_equal(opened(with_text(SPAM_WINDOW / 10)).count, 1);
    assert_true(opened(with_text(SPAM_WINDOW / 10 + 1)).count > 1);
    assert_int_equal(opened(with_text(6000)).count, SPAM_WINDOWS_MAX);
}

TEST(test_the_last_words_of_a_long_text_are_in_the_last_window)
{
    struct spam_key words = spam_key_of(key);
    struct spam_vector vector = opened(with_text(5000));
    uint32_t last = spam_cell(&words, SPAM_TOKEN_WORD, SLICE("word04999"));
    struct spam_reading reading = spam_section_read(&vector.windows[vector.count - 1]);
    bool found = false;
    while (reading.left)
        found |= spam_section_next(&reading) == last;
    assert_true(found);
}

TEST(test_a_full_arena_is_told)
{
    struct examined examined;
    struct spam_key words = spam_key_of(key);
    struct slice vector;
    struct arena *small = arena_new(100);
    examine_for_spam(arena, slice_of(HEADER "\r\nx"), &examined);
    assert_false(spam_features(small, &examined.source, &words, &vector));
    arena_free(&small);
}

TEST(test_what_is_not_known_counts_as_empty)
{
    struct examined examined;
    struct spam_key words = spam_key_of(key);
    struct slice vector;
    struct value unknown = value_unknown();
    examine_for_spam(arena, slice_of(HEADER "\r\nhttp://a.example/"), &examined);
    examined.source.text = examined.source.links = &unknown;
    assert_true(spam_features(arena, &examined.source, &words, &vector));
}
