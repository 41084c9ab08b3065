/* SPDX-License-Identifier: ISC */
#include "common/milter.h"
#include "proxy/smtp/mta_changes.h"
#include "tests/harness/unit.h"

#include <stdio.h>

ARENA_TESTS(8 * 1024 * 1024);

static char lines[MILTER_CHANGES_MAX];

static enum mta_result told(struct edit_input *input, struct slice front, struct slice *out)
{
    struct buf buf = buf_over(lines, sizeof lines);
    struct edit_list list;
    assert_true(edits_list(arena, input, &list));
    enum mta_result result = mta_changes(arena, &buf, input->message, &list, front);
    *out = buf_slice(&buf);
    return result;
}

static void expect(struct edit_input input, const char *front, const char *want)
{
    struct slice got;
    assert_int_equal(told(&input, slice_of(front), &got), MTA_FINE);
    if (!slice_eq(got, slice_of(want)))
        fail_msg("got:\n%.*s\nwanted:\n%s", SLICE_ARGS(got), want);
}

static void expect_edit(const char *message, struct edit edit, const char *want)
{
    expect((struct edit_input){.message = slice_of(message), .edits = &edit, .edit_count = 1}, "",
           want);
}

#define MAIL                                                                                       \
    "Received: a\r\nX-A: one\r\nSubject: hello\r\nx-a: two\r\n\tfolded\r\nX-B: b\r\nX-A: "         \
    "three\r\n\r\nbody\r\n"

TEST(test_where_nothing_is_changed_nothing_is_told)
{
    expect((struct edit_input){.message = SLICE(MAIL)}, "", "");
}

TEST(test_fields_of_one_name_go_from_the_last_to_the_first)
{
    expect_edit(MAIL, (struct edit){.kind = ACTION_HEADER_REMOVE, .name = SLICE("X-A")},
                "250-erase 3 X-A\r\n250-erase 2 x-a\r\n250-erase 1 X-A\r\n");
}

TEST(test_a_field_is_added_before_all)
{
    expect_edit(
        MAIL,
        (struct edit){.kind = ACTION_HEADER_ADD, .name = SLICE("X-New"), .value = SLICE("yes")},
        "250-front X-New: yes\r\n");
}

TEST(test_a_subject_is_set_with_its_prefix)
{
    struct edit edit = {.kind = ACTION_SUBJECT_PREFIX, .value = SLICE("[x] ")};
    expect_edit(MAIL, edit, "250-set 1 Subject: [x] hello\r\n");
    expect_edit("Subject:hello\r\n\r\n", edit, "250-set 1 Subject:[x] hello\r\n");
    expect_edit("From: a\r\n\r\n", edit, "250-front Subject: [x] \r\n");
    expect_edit("A: b\r\nSubject: one\r\n two \\n\r\n\r\n", edit,
                "250-set 1 Subject: [x] one\\n two \\\\n\r\n");
}

TEST(test_trace_and_signatures_stand_in_front_in_their_order)
{
    expect(
        (struct edit_input){.message = SLICE(MAIL),
                            .trace = SLICE("Authentication-Results: mx;\r\n\tnone\r\nX-T: t\r\n")},
        "DKIM-Signature: 1\r\nDKIM-Signature: 2\r\n",
        "250-front X-T: t\r\n"
        "250-front Authentication-Results: mx;\\n\tnone\r\n"
        "250-front DKIM-Signature: 2\r\n"
        "250-front DKIM-Signature: 1\r\n");
}

TEST(test_results_that_pretend_to_be_ours_are_told_by_number)
{
    expect((struct edit_input){.message = SLICE("Authentication-Results: other; spf=pass\r\n"
                                                "Authentication-Results: mx.example.com; "
                                                "spf=pass\r\nFrom: a\r\n\r\n"),
                               .authserv_id = SLICE("mx.example.com")},
           "", "250-erase 2 Authentication-Results\r\n");
}

TEST(test_a_whole_message_that_is_taken_out_has_the_fields_of_what_stands_in_its_place)
{
    struct part_range part = {.header = 0, .body = 39, .end = 45};
    struct edit edit = {.kind = ACTION_STRIP, .value = SLICE("gone")};
    expect((struct edit_input){.message =
                                   SLICE("Subject: x\r\nContent-Type: image/png\r\n\r\nbody\r\n"),
                               .edits = &edit,
                               .edit_count = 1,
                               .parts = &part,
                               .part_count = 1},
           "",
           "250-erase 1 Content-Type\r\n"
           "250-front Content-Type: text/plain; charset=utf-8\r\n"
           "250-front MIME-Version: 1.0\r\n");
}

TEST(test_what_a_mail_server_takes_for_header_and_is_no_field_is_not_changed)
{
    struct banner_change banner = {.from = 0, .to = 0, .literal = SLICE("from outside\r\n")};
    struct edit_input input = {.message = SLICE("Odd name: x\r\nSubject: y\r\n\r\nbody\r\n"),
                               .banners = &banner,
                               .banner_count = 1};
    struct slice got;
    assert_int_equal(told(&input, SLICE(""), &got), MTA_NO_FIELD);
}

TEST(test_more_changes_than_a_mail_server_is_told_are_too_many)
{
    struct buf message = buf_init(1 << 20);
    struct edit edit = {.kind = ACTION_HEADER_REMOVE, .name = SLICE("X")};
    struct slice got;
    for (int i = 0; i < 257; i++)
        buf_cstr(&message, "X: y\r\n");
    buf_cstr(&message, "\r\nbody\r\n");
    struct edit_input input = {.message = buf_slice(&message), .edits = &edit, .edit_count = 1};
    assert_int_equal(told(&input, SLICE(""), &got), MTA_TOO_MANY);
    input.message = slice_from(input.message, 6);
    assert_int_equal(told(&input, SLICE(""), &got), MTA_FINE);
    buf_release(&message);
}
