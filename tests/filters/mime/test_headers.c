/* SPDX-License-Identifier: ISC */
#include "filters/mime/headers.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

static void assert_slice(struct slice s, const char *expected)
{
    if (!slice_eq(s, slice_of(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARGS(s), expected);
}

TEST(test_fields_are_taken_with_their_folds)
{
    struct slice block = SLICE("Subject: a\r\n b\r\nTo:c\r\n");
    struct header field;
    assert_true(headers_next(&block, &field));
    assert_slice(field.name, "Subject");
    assert_slice(field.value, " a\r\n b");
    assert_slice(field.raw, "Subject: a\r\n b\r\n");
    assert_true(headers_next(&block, &field));
    assert_slice(field.value, "c");
    assert_false(headers_next(&block, &field));
}

TEST(test_odd_names_are_told)
{
    struct header field;
    struct slice block = SLICE("X : a\r\n");
    assert_true(headers_next(&block, &field));
    assert_slice(field.name, "X");
    assert_true(field.odd_name);
    block = SLICE("junk\r\n");
    assert_true(headers_next(&block, &field));
    assert_false(field.has_colon);
    block = SLICE(": a\r\n");
    assert_true(headers_next(&block, &field));
    assert_true(field.has_colon && field.odd_name);
}

TEST(test_fields_are_found_by_name_and_number)
{
    struct slice block = SLICE("A: 1\nb: 2\na: 3\n");
    struct header field;
    assert_true(headers_find(block, SLICE("a"), 1, &field));
    assert_slice(field.value, " 3");
    assert_false(headers_find(block, SLICE("a"), 2, &field));
    assert_int_equal(headers_count(block, SLICE("A")), 2);
}

TEST(test_the_block_ends_at_the_empty_line)
{
    size_t body = 0;
    assert_slice(headers_block(SLICE("A: 1\r\n\r\nx"), &body), "A: 1\r\n");
    assert_int_equal(body, 8);
    assert_slice(headers_block(SLICE("A: 1\n\nx"), &body), "A: 1\n");
    assert_int_equal(body, 6);
    assert_slice(headers_block(SLICE("A: 1\r\n"), &body), "A: 1\r\n");
    assert_int_equal(body, 6);
    assert_slice(headers_block(SLICE("\r\nx"), &body), "");
    assert_int_equal(body, 2);
    assert_slice(headers_block(SLICE(""), &body), "");
    assert_int_equal(body, 0);
}

TEST(test_a_message_that_begins_with_no_field_has_no_header)
{
    static const struct slice messages[] = {SLICE(" folded\r\nFrom: a\r\n\r\nx"),
                                            SLICE("\tA: 1\r\nFrom: a\r\n\r\nx"),
                                            SLICE("text\r\nFrom: a\r\n\r\nx"),
                                            SLICE(": 1\r\nFrom: a\r\n\r\nx"),
                                            SLICE("A b: 1\r\nFrom: a\r\n\r\nx"),
                                            SLICE("\xe4: 1\r\nFrom: a\r\n\r\nx"),
                                            SLICE("A\r\n: 1\r\n\r\nx"),
                                            SLICE("From me to you\r\nx\r\n\r\n"),
                                            SLICE(" "),
                                            SLICE("A"),
                                            SLICE("From a\r\n"),
                                            SLICE(" \r\nA: 1\r\n")};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        size_t body = 99;
        assert_slice(headers_block(messages[i], &body), "");
        assert_int_equal(body, 0);
    }
    size_t body;
    assert_slice(headers_block(SLICE("A \t: 1\r\n\r\nx"), &body), "A \t: 1\r\n");
    assert_slice(headers_block(SLICE("From : a\r\n\r\nx"), &body), "From : a\r\n");
    assert_slice(headers_block(SLICE("!~:\r\n\r\nx"), &body), "!~:\r\n");
}

TEST(test_lines_of_mail_boxes_come_before_the_header)
{
    size_t body;
    assert_slice(headers_block(SLICE("From a Thu Jan  1 00:00\r\nA: 1\r\n\r\nx"), &body),
                 "A: 1\r\n");
    assert_int_equal(body, 33);
    assert_slice(headers_block(SLICE(">From a Thu\nFrom b Thu\nA: 1\n\nx"), &body), "A: 1\n");
    assert_slice(headers_block(SLICE("From a Thu\r\n A: 1\r\n\r\nx"), &body), "");
    assert_int_equal(body, 0);
    assert_slice(headers_block(SLICE("From a\nFrom a\nFrom a\nFrom a\nFrom a\nA: 1\n"), &body), "");
    assert_int_equal(body, 0);
}

TEST(test_unfolding_copies_only_what_is_folded)
{
    struct arena *arena = arena_new(4096);
    struct slice plain = SLICE(" a b ");
    assert_ptr_equal(header_unfold(arena, plain).ptr, plain.ptr + 1);
    assert_slice(header_unfold(arena, SLICE(" a\r\n\tb")), "a\tb");
    arena_free(&arena);
}
