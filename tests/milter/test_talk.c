/* SPDX-License-Identifier: ISC */
#include "milter/talk.h"

#include "base/ipc.h"
#include "tests/harness/unit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int queue[2];

static void open_queue(void)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, queue), 0);
}

/* The proxy's end of the conversation. */
static int begin(struct talk *talk)
{
    char room[IPC_PAYLOAD_MAX + 2];
    struct ipc_message message;
    struct milter_client client = {.port = 25};
    assert_true(ip_parse(SLICE("192.0.2.7"), &client.ip));
    assert_int_equal(talk_begin(talk, queue[0], &client), 1);
    assert_int_equal(ipc_recv(queue[1], &message, room, sizeof room, true), 1);
    assert_int_equal(message.fd_count, 1);
    return message.fds[0];
}

TEST(test_a_message_that_is_not_taken_in_time_is_not_gone_on_with)
{
    struct talk talk;
    struct talk_reply reply;
    char octets[4096];
    open_queue();
    int proxy = begin(&talk);
    talk.take_ms = 50;
    memset(octets, 'x', sizeof octets);
    for (int i = 0; i < 500; i++) /* more than a socket holds */
        talk_put(&talk, octets, sizeof octets);
    assert_int_equal(talk.fd, -1);
    assert_false(talk_goes_on(&talk));
    while (read(proxy, octets, sizeof octets) > 0) /* it reads on, and finds an end and no hole */
        ;
    talk_put(&talk, "\r\n.\r\n", 5);
    talk_hear(&talk, &reply, NULL);
    assert_int_equal(reply.code, 0);
    talk_reply_free(&reply);
    close(proxy);
    talk_end(&talk);
    close(queue[0]);
    close(queue[1]);
}

/* As where the kernel has no memory for it, which nobody can have happen here. */
TEST(test_what_cannot_be_said_leaves_no_hole)
{
    struct talk talk;
    struct talk_reply reply;
    char octets[8192];
    int none[2];
    open_queue();
    int proxy = begin(&talk), there = dup(talk.fd);
    memset(octets, 'x', sizeof octets);
    assert_int_equal(pipe(none), 0);
    assert_int_equal(dup2(none[1], talk.fd), talk.fd); /* it can be written to, and send() fails */
    talk_put(&talk, octets, sizeof octets);
    if (talk.fd >= 0)
        assert_int_equal(dup2(there, talk.fd), talk.fd);
    close(there);
    talk_put(&talk, "rest\r\n.\r\n", 9);
    send(proxy, "250 2.0.0 accepted\r\n", 20, MSG_NOSIGNAL); /* of what it took for the whole */
    talk_hear(&talk, &reply, NULL);
    assert_int_equal(reply.code, 0);
    talk_reply_free(&reply);
    talk_end(&talk);
    close(none[0]);
    close(none[1]);
    close(proxy);
    close(queue[0]);
    close(queue[1]);
}

TEST(test_what_a_proxy_has_said_before_it_went_is_heard)
{
    struct talk talk;
    struct talk_reply reply;
    open_queue();
    int proxy = begin(&talk);
    assert_int_equal(write(proxy, "421 4.3.2 going\r\n", 17), 17);
    close(proxy);
    talk_put(&talk, "NOOP\r\n", 6);
    talk_hear(&talk, &reply, NULL);
    assert_int_equal(reply.code, 421);
    assert_string_equal(reply.text, "going");
    talk_reply_free(&reply);
    talk_end(&talk);
    close(queue[0]);
    close(queue[1]);
}

TEST(test_a_queue_that_nobody_has_is_closed)
{
    struct talk talk;
    struct milter_client client = {.port = 25};
    open_queue();
    assert_true(ip_parse(SLICE("192.0.2.7"), &client.ip));
    close(queue[1]);
    assert_int_equal(talk_begin(&talk, queue[0], &client), -1);
    assert_int_equal(talk.fd, -1);
    close(queue[0]);
}

/* ---- bodies ---- */

static struct {
    struct buf octets;
    size_t pieces, longest;
    bool refused;
} given;

static bool give(void *ctx, const char *octets, size_t len)
{
    (void)ctx;
    buf_append(&given.octets, (struct slice){octets, len});
    given.pieces++;
    given.longest = len > given.longest ? len : given.longest;
    return !given.refused;
}

static bool nobody_is_there(void *ctx)
{
    size_t *asked = ctx;
    (*asked)++;
    return false;
}

/* What a proxy says, and closes; `step` octets at a time. The code of the reply; its lines are in *lines. */
static unsigned hear_all(struct slice said, size_t step, char lines[static 256])
{
    int pair[2];
    struct talk talk = {.take_ms = 1000, .still_ms = 1000};
    struct talk_reply reply;
    const struct talk_wait wait = {nobody_is_there, give, &(size_t){0}};
    buf_release(&given.octets);
    given.octets = buf_init(1 << 20);
    given.pieces = given.longest = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    talk.fd = pair[0];
    for (size_t at = 0; at < said.len; at += step)
        assert_true(write(pair[1], said.ptr + at, said.len - at < step ? said.len - at : step) > 0);
    close(pair[1]);
    talk_hear(&talk, &reply, &wait);
    assert_true(slice_to_text(buf_slice(&reply.lines), lines, 256));
    unsigned code = reply.code;
    talk_reply_free(&reply);
    talk_end(&talk);
    return code;
}

TEST(test_a_body_is_given_as_it_stands_between_two_lines)
{
    struct slice said =
        SLICE("250-pass\r\n250-body 16\r\n.\r\n250 ok\r\n\0\r\n-\n250 2.0.0 ok\r\n");
    const size_t steps[] = {1, 2, 7, 1000};
    for (size_t i = 0; i < 4; i++) {
        char lines[256];
        assert_int_equal(hear_all(said, steps[i], lines), 250);
        assert_string_equal(lines, "pass\n");
        assert_int_equal(buf_len(&given.octets), 16);
        assert_memory_equal(buf_slice(&given.octets).ptr, ".\r\n250 ok\r\n\0\r\n-\n", 16);
        assert_int_equal(given.pieces, 1);
    }
}

TEST(test_a_body_may_be_empty)
{
    char lines[256];
    assert_int_equal(hear_all(SLICE("250-pass\r\n250-body 0\r\n250 ok\r\n"), 100, lines), 250);
    assert_int_equal(given.pieces, 1);
    assert_int_equal(given.longest, 0);
}

TEST(test_half_a_body_is_no_answer)
{
    char lines[256];
    struct slice said = SLICE("250-pass\r\n250-body 10\r\n0123456789250 ok\r\n");
    for (size_t len = 0; len < said.len; len++)
        assert_int_equal(hear_all(slice_sub(said, 0, len), 100, lines), 0);
    assert_int_equal(hear_all(said, 100, lines), 250);
}

TEST(test_a_length_that_is_none_is_no_body)
{
    const char *const said[] = {"250-body\r\n250 ok\r\n", "250-body \r\n250 ok\r\n",
                                "250-body -1\r\n250 ok\r\n",
                                "250-body 18446744073709551616\r\n250 ok\r\n"};
    for (size_t i = 0; i < 4; i++) {
        char lines[256];
        assert_int_equal(hear_all(slice_of(said[i]), 100, lines), 250);
        assert_int_equal(given.pieces, 0);
        assert_memory_equal(lines, "body", 4); /* a line that changes_follow does not know */
    }
}

TEST(test_what_a_mail_server_does_not_take_ends_the_conversation)
{
    char lines[256];
    given.refused = true;
    assert_int_equal(hear_all(SLICE("250-pass\r\n250-body 1\r\nx250 ok\r\n"), 100, lines), 0);
    given.refused = false;
}

TEST(test_a_command_s_reply_has_no_body)
{
    struct talk talk;
    struct talk_reply reply;
    open_queue();
    int proxy = begin(&talk);
    assert_int_equal(write(proxy, "250-body 3\r\n250 ok\r\n", 20), 20);
    talk_hear(&talk, &reply, NULL);
    assert_int_equal(reply.code, 250);
    assert_int_equal(buf_len(&reply.lines), 7);
    talk_reply_free(&reply);
    close(proxy);
    talk_end(&talk);
    close(queue[0]);
    close(queue[1]);
}

TEST(test_a_mail_server_that_is_gone_is_not_worked_for_any_longer)
{
    struct talk talk;
    struct talk_reply reply;
    size_t asked = 0;
    const struct talk_wait wait = {nobody_is_there, give, &asked};
    open_queue();
    int proxy = begin(&talk);
    talk.still_ms = 10;
    talk_hear(&talk, &reply, &wait);
    assert_int_equal(reply.code, 0);
    assert_int_equal(asked, 1);
    assert_int_equal(talk.fd, -1);
    talk_reply_free(&reply);
    close(proxy);
    close(queue[0]);
    close(queue[1]);
}

TEST(test_a_body_longer_than_a_piece_is_given_in_pieces)
{
    int pair[2];
    struct talk talk = {.take_ms = 1000, .still_ms = 1000};
    struct talk_reply reply;
    const struct talk_wait wait = {nobody_is_there, give, &(size_t){0}};
    static char body[150000];
    int room = 1 << 20;
    buf_release(&given.octets);
    given.octets = buf_init(1 << 20);
    given.pieces = given.longest = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
    talk.fd = pair[0];
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)(i * 7 + i / 251);
    assert_int_equal(write(pair[1], "250-body 150000\r\n", 17), 17);
    assert_int_equal(write(pair[1], body, sizeof body), sizeof body);
    assert_int_equal(write(pair[1], "250 ok\r\n", 8), 8);
    talk_hear(&talk, &reply, &wait);
    assert_int_equal(reply.code, 250);
    assert_int_equal(given.pieces, 3);
    assert_int_equal(given.longest, 65535);
    assert_memory_equal(buf_slice(&given.octets).ptr, body, sizeof body);
    talk_reply_free(&reply);
    talk_end(&talk);
    close(pair[1]);
    buf_release(&given.octets);
}
