/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/mta_body.h"
#include "tests/harness/unit.h"

#include <string.h>

ARENA_TESTS(8 * 1024 * 1024);

#define HEADER "Subject: hello\r\nX-A: one\r\n\r\n"

static struct mta_body made(const struct edit_input *input)
{
    struct edit_list list;
    struct mta_body body;
    assert_true(edits_list(arena, input, &list));
    assert_true(mta_body(arena, input->message, &list, &body));
    return body;
}

static void expect(const struct mta_body *body, const char *want)
{
    char octets[1024];
    size_t len = 0;
    for (size_t i = 0; i < body->count; i++) {
        assert_true(len + body->pieces[i].iov_len <= sizeof octets);
        memcpy(octets + len, body->pieces[i].iov_base, body->pieces[i].iov_len);
        len += body->pieces[i].iov_len;
    }
    assert_int_equal(body->size, len);
    assert_memory_equal(octets, want, strlen(want));
    assert_int_equal(len, strlen(want));
}

TEST(test_a_body_that_nobody_changes_is_not_made)
{
    struct edit edits[] = {{.kind = ACTION_HEADER_REMOVE, .name = SLICE("X-A")},
                           {.kind = ACTION_SUBJECT_PREFIX, .value = SLICE("[x] ")}};
    struct mta_body body = made(
        &(struct edit_input){.message = SLICE(HEADER "body\r\n"), .edits = edits, .edit_count = 2});
    assert_false(body.changed);
    assert_int_equal(body.count, 0);
    assert_null(body.pieces);
}

TEST(test_a_banner_at_either_end_is_in_it_and_no_field_is)
{
    struct banner_change banners[] = {
        {.from = strlen(HEADER), .to = strlen(HEADER), .literal = SLICE("top\r\n")},
        {.from = strlen(HEADER) + 6, .to = strlen(HEADER) + 6, .literal = SLICE("bottom\r\n")}};
    struct edit edit = {.kind = ACTION_HEADER_REMOVE, .name = SLICE("X-A")};
    struct mta_body body = made(&(struct edit_input){.message = SLICE(HEADER "body\r\n"),
                                                     .edits = &edit,
                                                     .edit_count = 1,
                                                     .banners = banners,
                                                     .banner_count = 2});
    assert_true(body.changed);
    expect(&body, "top\r\nbody\r\nbottom\r\n");
}

TEST(test_octets_of_a_message_are_not_copied)
{
    struct slice message = SLICE(HEADER ".dot\r\n..\r\nend\r\n");
    struct banner_change banner = {
        .from = message.len, .to = message.len, .literal = SLICE("bottom\r\n")};
    struct mta_body body =
        made(&(struct edit_input){.message = message, .banners = &banner, .banner_count = 1});
    expect(&body, ".dot\r\n..\r\nend\r\nbottom\r\n");
    assert_ptr_equal(body.pieces[0].iov_base, message.ptr + strlen(HEADER));
}

TEST(test_all_of_a_body_can_go)
{
    struct banner_change banner = {
        .from = strlen(HEADER), .to = strlen(HEADER "body\r\n"), .literal = SLICE("")};
    struct mta_body body = made(&(struct edit_input){
        .message = SLICE(HEADER "body\r\n"), .banners = &banner, .banner_count = 1});
    assert_true(body.changed);
    expect(&body, "");
}

TEST(test_a_message_without_fields_is_all_body_behind_its_empty_line)
{
    struct banner_change banner = {.from = 2, .to = 2, .literal = SLICE("top\r\n")};
    struct mta_body body = made(&(struct edit_input){
        .message = SLICE("\r\nbody\r\n"), .banners = &banner, .banner_count = 1});
    expect(&body, "top\r\nbody\r\n");
}

TEST(test_a_body_begins_behind_the_first_empty_line)
{
    assert_int_equal(mta_body_begins(SLICE("A: b\r\n\r\nbody")), 8);
    assert_int_equal(mta_body_begins(SLICE("Odd name: b\r\n\r\n\r\nbody")), 15);
    assert_int_equal(mta_body_begins(SLICE("\r\n\r\nbody")), 2);
    assert_int_equal(mta_body_begins(SLICE("A: b\r\n")), 6);
    assert_int_equal(mta_body_begins(SLICE("")), 0);
}

TEST(test_what_stands_in_what_is_taken_out_is_no_change)
{
    struct part_range part = {
        .header = strlen(HEADER), .body = strlen(HEADER), .end = strlen(HEADER) + 6};
    struct edit edit = {.kind = ACTION_STRIP, .value = SLICE("gone"), .part = 0};
    struct banner_change banner = {
        .from = strlen(HEADER) + 2, .to = strlen(HEADER) + 2, .literal = SLICE("x")};
    struct edit_input input = {.message = SLICE(HEADER "body\r\nrest\r\n"),
                               .edits = &edit,
                               .edit_count = 1,
                               .parts = &part,
                               .part_count = 1,
                               .banners = &banner,
                               .banner_count = 1};
    struct mta_body body = made(&input);
    assert_int_equal(body.count, 2);
    assert_memory_equal(body.pieces[1].iov_base, "rest\r\n", 6);
}
