/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/edits.h"

#include "base/buf.h"
#include "tests/harness/unit.h"
#include "tests/proxy/smtp/data_reference.h"

#include <stdio.h>
#include <stdlib.h>

ARENA_TESTS(64 * 1024 * 1024);
static struct decoded got;
static char wire[70000];

/* What a server reads from the pieces: the message, un-stuffed by the reference. Returns how many
 * pieces there were. */
static size_t received_of(struct edited *out)
{
    size_t n = 0;
    for (size_t i = 0; i < out->count; i++) {
        assert_true(out->pieces[i].iov_len > 0);
        assert_true(n + out->pieces[i].iov_len < sizeof wire);
        memcpy(wire + n, out->pieces[i].iov_base, out->pieces[i].iov_len);
        n += out->pieces[i].iov_len;
    }
    reference_decode((struct slice){wire, n}, false, false, &got);
    assert_true(got.ended);
    assert_int_equal(got.used, n); /* nothing behind the end, and no end before it */
    assert_int_equal(got.len, out->size);
    size_t count = out->count;
    edited_free(out);
    return count;
}

static size_t received(const struct edit_input *input, struct edited *out)
{
    assert_true(edits_apply(arena, input, out));
    return received_of(out);
}

static void expect(const struct edit_input *input, const char *want)
{
    struct edited out;
    received(input, &out);
    if (!slice_eq((struct slice){got.content, got.len}, slice_of(want)))
        fail_msg("got:\n%.*s\nwanted:\n%s", (int)got.len, got.content, want);
}

static void expect_edits(const char *message, const struct edit *edits, size_t count,
                         const char *want)
{
    struct edit_input input = {
        .message = slice_of(message), .edits = edits, .edit_count = count, .dots = true};
    expect(&input, want);
}

TEST(test_without_edits_the_message_is_sent_in_place)
{
    struct slice message = SLICE("Subject: x\r\n\r\nbody\r\n");
    struct edit_input input = {.message = message, .trace = SLICE("Received: us\r\n")};
    struct edited out;
    assert_int_equal(received(&input, &out), 3);
    assert_true(slice_eq((struct slice){got.content, got.len},
                         SLICE("Received: us\r\nSubject: x\r\n\r\nbody\r\n")));
    assert_true(edits_apply(arena, &input, &out));
    assert_ptr_equal(out.pieces[1].iov_base, message.ptr);
    edited_free(&out);
    input = (struct edit_input){.message = SLICE("")};
    expect(&input, "");
}

TEST(test_what_is_looked_at_in_between_is_the_message_and_fields_go_before_all_of_it)
{
    static const char plain[] = "Received: us\r\nA: b\r\n\r\n.dot\r\n.\r\n";
    struct edit_input input = {.message = SLICE("A: b\r\n\r\n.dot\r\n.\r\n"),
                               .trace = SLICE("Received: us\r\n"),
                               .dots = true};
    struct edited out;
    struct buf seen = buf_init(4096);
    assert_true(edits_assemble(arena, &input, &out));
    for (size_t i = 0; i < out.count; i++)
        buf_append(&seen, (struct slice){out.pieces[i].iov_base, out.pieces[i].iov_len});
    assert_true(slice_eq(buf_slice(&seen), slice_of(plain)));
    assert_true(edits_close(arena, SLICE("Signed: 1\r\n"), &out));
    received_of(&out);
    assert_true(slice_eq((struct slice){got.content, got.len},
                         ARENA_JOIN(arena, SLICE("Signed: 1\r\n"), slice_of(plain))));
    buf_release(&seen);
}

TEST(test_headers_are_added_removed_and_prefixed)
{
    static const char message[] =
        "X-A: 1\r\nSubject: hi\r\nx-a: 2\r\n folded\r\nTo: b\r\n\r\nX-A: body\r\n";
    const struct edit remove = {.kind = ACTION_HEADER_REMOVE, .name = SLICE("X-a")};
    const struct edit add = {.kind = ACTION_HEADER_ADD, .name = SLICE("X-B"), .value = SLICE("v")};
    const struct edit prefix = {.kind = ACTION_SUBJECT_PREFIX, .value = SLICE("[S] ")};
    const struct edit second = {.kind = ACTION_SUBJECT_PREFIX, .value = SLICE("[T] ")};
    const struct edit no_subject = {.kind = ACTION_HEADER_REMOVE, .name = SLICE("subject")};
    expect_edits(message, &remove, 1, "Subject: hi\r\nTo: b\r\n\r\nX-A: body\r\n");
    expect_edits(message, (struct edit[]){add, add}, 2,
                 "X-B: v\r\nX-B: v\r\nX-A: 1\r\nSubject: hi\r\nx-a: 2\r\n folded\r\nTo: "
                 "b\r\n\r\nX-A: body\r\n");
    expect_edits("Subject: hi\r\n\r\n", (struct edit[]){prefix, second}, 2,
                 "Subject: [S] [T] hi\r\n\r\n");
    expect_edits("Subject:hi\r\n\r\n", &prefix, 1, "Subject:[S] hi\r\n\r\n");
    expect_edits("Subject:\r\n\r\n", &prefix, 1, "Subject:[S] \r\n\r\n");
    expect_edits("A: b\r\n\r\n", &prefix, 1, "Subject: [S] \r\nA: b\r\n\r\n");
    /* Overlapping: what is removed is not changed as well. */
    expect_edits(message, (struct edit[]){remove, prefix, remove, no_subject}, 4,
                 "To: b\r\n\r\nX-A: body\r\n");
}

TEST(test_a_banner_stands_among_other_changes)
{
    static const char message[] = "Subject: hi\r\nX-A: 1\r\n\r\nQUJD\r\n.\r\n";
    const struct banner_change banners[] = {{.from = 23, .to = 23, .literal = SLICE(".top\r\n")},
                                            {.from = 23, .to = 27, .literal = SLICE("REVG")}};
    const struct edit edits[] = {{.kind = ACTION_HEADER_REMOVE, .name = SLICE("X-A")},
                                 {.kind = ACTION_SUBJECT_PREFIX, .value = SLICE("[S] ")}};
    struct edit_input input = {.message = slice_of(message),
                               .edits = edits,
                               .edit_count = 2,
                               .banners = banners,
                               .banner_count = 2,
                               .dots = true};
    expect(&input, "Subject: [S] hi\r\n\r\n.top\r\nREVG\r\n.\r\n");
}

/* What begins with no field is all body, set off from our fields. */
TEST(test_nothing_of_the_senders_gets_into_our_fields)
{
    static const char *const bodies[] = {" folded\r\nFrom: a\r\n\r\nbody\r\n",
                                         "\tfolded: x\r\nSubject: y\r\n\r\nbody\r\n",
                                         "no field\r\nSubject: y\r\n\r\nbody\r\n",
                                         "text: with a colon\r\n",
                                         ": x\r\n\r\n",
                                         "a b: x\r\nSubject: y\r\n\r\n",
                                         "gr\xc3\xbc\xc3\x9f: x\r\n\r\n",
                                         "text\r\n",
                                         "From here on it is a letter\r\nand goes on\r\n",
                                         "From a Thu Jan  1\r\n folded\r\nSubject: y\r\n",
                                         " \r\nFrom: a\r\n\r\n",
                                         "",
                                         "\r\nFrom: a\r\n",
                                         "\r\n"};
    const struct edit edits[] = {
        {.kind = ACTION_HEADER_ADD, .name = SLICE("X-Spam-Flag"), .value = SLICE("YES")},
        {.kind = ACTION_SUBJECT_PREFIX, .value = SLICE("[S] ")},
        {.kind = ACTION_HEADER_REMOVE, .name = SLICE("From")},
        {.kind = ACTION_HEADER_REMOVE, .name = SLICE("Subject")}};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        char want[400];
        bool is_field = slice_starts(slice_of(bodies[i]), SLICE("text:"));
        bool blank = is_field || slice_starts(slice_of(bodies[i]), SLICE("\r\n"));
        struct edit_input input = {
            .message = slice_of(bodies[i]), .trace = SLICE("Received: us\r\n"), .dots = true};
        snprintf(want, sizeof want, "Received: us\r\n%s%s", blank ? "" : "\r\n", bodies[i]);
        expect(&input, want);
        input.edits = edits;
        input.edit_count = 4;
        snprintf(want, sizeof want, "Received: us\r\nX-Spam-Flag: YES\r\nSubject: [S] \r\n%s%s",
                 blank ? "" : "\r\n", bodies[i]);
        expect(&input, want);
    }
}

TEST(test_what_mail_boxes_put_in_front_is_left_out)
{
    static const char *const fronts[] = {"From a@example.com Thu Jan  1 00:00:00 2026\r\n",
                                         ">From a@example.com Thu Jan  1 00:00:00 2026\r\n",
                                         "From a Thu Jan  1\r\n>From b Thu Jan  1\r\n"};
    static const char rest[] = "Subject: y\r\nX-A: 1\r\n\r\nFrom me\r\n";
    const struct edit remove = {.kind = ACTION_HEADER_REMOVE, .name = SLICE("X-A")};
    for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++) {
        char message[300];
        snprintf(message, sizeof message, "%s%s", fronts[i], rest);
        struct edit_input input = {.message = slice_of(message),
                                   .trace = SLICE("Received: us\r\n"),
                                   .edits = &remove,
                                   .edit_count = 1};
        expect(&input, "Received: us\r\nSubject: y\r\n\r\nFrom me\r\n");
    }
    struct edit_input field = {.message = SLICE("From : a\r\n\r\n"),
                               .trace = SLICE("Received: us\r\n")};
    expect(&field, "Received: us\r\nFrom : a\r\n\r\n");
}

TEST(test_a_message_that_is_all_body_becomes_a_notice)
{
    static const char *const messages[] = {"MZ program\r\n", "\r\nMZ\r\n"};
    const struct edit strip = {.kind = ACTION_STRIP, .value = SLICE("taken out"), .part = 2};
    for (size_t i = 0; i < 2; i++) {
        struct part_range whole = {
            .part = 2, .header = 0, .body = 2 * i, .end = strlen(messages[i])};
        struct edit_input input = {.message = slice_of(messages[i]),
                                   .trace = SLICE("Received: us\r\n"),
                                   .edits = &strip,
                                   .edit_count = 1,
                                   .parts = &whole,
                                   .part_count = 1};
        expect(&input, "Received: us\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; "
                       "charset=utf-8\r\n\r\ntaken out\r\n");
    }
}

static const char mixed[] = "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                            "--b\r\nContent-Type: text/plain\r\n\r\ntext\r\n"
                            "--b\r\nContent-Type: application/x; name=a.exe\r\n\r\nMZ\r\n"
                            "--b--\r\n";

static struct part_range range_of(const char *message, const char *from, const char *body,
                                  const char *end)
{
    struct slice all = slice_of(message);
    return (struct part_range){.part = 2,
                               .header = slice_search(all, slice_of(from)),
                               .body = slice_search(all, slice_of(body)),
                               .end = slice_search(all, slice_of(end))};
}

TEST(test_a_part_becomes_a_notice_once)
{
    struct part_range part = range_of(mixed, "Content-Type: application", "MZ\r\n", "--b--");
    const struct edit strip = {.kind = ACTION_STRIP, .value = SLICE("taken out"), .part = 2};
    const struct edit twice[] = {strip, strip};
    struct edit_input input = {.message = slice_of(mixed),
                               .edits = twice,
                               .edit_count = 2,
                               .parts = &part,
                               .part_count = 1};
    expect(&input,
           "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
           "--b\r\nContent-Type: text/plain\r\n\r\ntext\r\n"
           "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: inline\r\n\r\n"
           "taken out\r\n--b--\r\n");
}

TEST(test_what_cannot_be_stripped_is_not_delivered)
{
    struct part_range part = range_of(mixed, "Content-Type: application", "MZ\r\n", "--b--");
    const struct edit strip = {.kind = ACTION_STRIP, .value = SLICE("x"), .part = 2};
    struct edit_input input = {.message = slice_of(mixed),
                               .edits = &strip,
                               .edit_count = 1,
                               .parts = &part,
                               .part_count = 1};
    struct edited out;
    part.sealed = true;
    assert_false(edits_apply(arena, &input, &out));
}

TEST(test_the_whole_message_becomes_a_notice)
{
    static const char message[] = "From: a\r\nContent-Type: application/x\r\nMIME-Version: 1.0\r\n"
                                  "Content-Transfer-Encoding: base64\r\n\r\nTVo=\r\n";
    struct part_range part = range_of(message, "From", "TVo=", "no such");
    const struct edit strip = {.kind = ACTION_STRIP, .value = SLICE("taken out"), .part = 2};
    struct edit_input input = {.message = slice_of(message),
                               .edits = &strip,
                               .edit_count = 1,
                               .parts = &part,
                               .part_count = 1};
    expect(&input, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nFrom: "
                   "a\r\n\r\ntaken out\r\n");
}

TEST(test_a_message_without_a_body_gets_its_empty_line)
{
    static const char message[] = "From: a\r\nContent-Type: application/x; name=a.exe\r\n";
    struct part_range part = {
        .part = 2, .header = 0, .body = sizeof message - 1, .end = sizeof message - 1};
    const struct edit strip = {.kind = ACTION_STRIP, .value = SLICE("taken out"), .part = 2};
    struct edit_input input = {.message = slice_of(message),
                               .edits = &strip,
                               .edit_count = 1,
                               .parts = &part,
                               .part_count = 1};
    expect(&input, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nFrom: "
                   "a\r\n\r\ntaken out\r\n");
}

/* Lines with and without dots, few (pieces) or many (a copy), with an insertion between them. */
TEST(test_what_is_stuffed_is_the_message_again)
{
    static char text[60000];
    static const char *const lines[] = {".", "..", "...x", "a.b", "", "text", ".text", "x."};
    srand(11);
    for (int round = 0; round < 400; round++) {
        size_t len = 0;
        unsigned dense = (unsigned)rand() % 8 + 1, most = (unsigned)rand() % 2000;
        if (round % 3)
            len += (size_t)sprintf(text, "Subject: x\r\nX-A: y\r\n\r\n");
        for (unsigned i = 0; i < most; i++)
            len += (size_t)sprintf(text + len, "%s\r\n",
                                   (unsigned)rand() % 8 < dense ? lines[rand() % 8] : "plain");
        const struct edit edits[] = {{.kind = ACTION_SUBJECT_PREFIX, .value = SLICE(".[S] ")},
                                     {.kind = ACTION_HEADER_REMOVE, .name = SLICE("X-A")}};
        struct edit_input input = {.message = {text, len},
                                   .trace = round % 2 ? SLICE("Received: us\r\n") : SLICE(""),
                                   .edits = edits,
                                   .edit_count = round % 5 ? 0 : 2,
                                   .dots = true};
        struct edited out;
        received(&input, &out);
        if (input.edit_count)
            continue;
        bool set_off =
            input.trace.len && round % 3 == 0 && !slice_starts(input.message, SLICE("\r\n"));
        size_t front = input.trace.len + (set_off ? 2 : 0);
        assert_true(slice_eq((struct slice){got.content, input.trace.len}, input.trace));
        assert_true(slice_eq((struct slice){got.content + front, got.len - front}, input.message));
        arena_reset(arena);
    }
}

TEST(test_many_dots_are_copied_and_few_are_not)
{
    static char text[3000];
    for (size_t i = 0; i + 3 <= sizeof text; i += 3)
        memcpy(text + i, ".\r\n", 3);
    struct edited out;
    struct edit_input input = {.message = {text, sizeof text}, .dots = true};
    assert_int_equal(received(&input, &out), 2);
    input.message.len = 30;
    assert_int_equal(received(&input, &out), 21);
}

TEST(test_a_full_arena_is_told)
{
    struct part_range whole = {.part = 2, .header = 0, .body = 19, .end = 23};
    char notice[300];
    memset(notice, 'x', sizeof notice);
    const struct edit edits[] = {
        {.kind = ACTION_STRIP, .value = {notice, sizeof notice}, .part = 2}};
    struct edit_input input = {.message = SLICE("Content-Type: x\r\n\r\nMZ\r\n.\r\n"),
                               .edits = edits,
                               .edit_count = 1,
                               .parts = &whole,
                               .part_count = 1,
                               .dots = true};
    for (size_t room = 16; room < 6000; room += 16) {
        struct arena *small = arena_new(room);
        struct edited out;
        if (edits_apply(small, &input, &out)) {
            size_t sent = 0;
            for (size_t i = 0; i < out.count; i++)
                sent += out.pieces[i].iov_len;
            assert_true(sent > sizeof notice); /* never a message without its notice */
        }
        edited_free(&out);
        arena_free(&small);
    }
}
