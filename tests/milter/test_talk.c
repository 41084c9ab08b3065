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
