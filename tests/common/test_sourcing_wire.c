/* SPDX-License-Identifier: ISC */
#include "common/sourcing.h"

#include "tests/harness/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char inbox[IPC_PAYLOAD_MAX + 2];
static int queue[2], connection[2];

static void open_all(void)
{
    assert_int_equal(ipc_pair(queue), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, connection), 0);
}

static void close_all(void)
{
    for (int i = 0; i < 2; i++) {
        close(queue[i]);
        close(connection[i]);
    }
}

EACH_TEST(open_all, close_all);

static bool same(int a, int b)
{
    struct stat one, other;
    return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_ino == other.st_ino;
}

/* The question as it comes; the socket for its answer is returned. */
static int asked(bool any_port, struct ipc_message *message, struct sourcing_question *question)
{
    int sock = sourcing_ask(queue[0], connection[0], any_port);
    assert_true(sock >= 0);
    assert_int_equal(ipc_recv(queue[1], message, inbox, sizeof inbox, false), 1);
    assert_true(sourcing_read(message, question));
    return sock;
}

TEST(test_a_question_shows_the_connection)
{
    for (int any_port = 0; any_port < 2; any_port++) {
        struct ipc_message message;
        struct sourcing_question question;
        int sock = asked(any_port, &message, &question);
        assert_true(same(question.connection, connection[0]));
        assert_int_equal(question.any_port, any_port);
        ipc_close_fds(&message);
        close(sock);
    }
}

TEST(test_an_answer_brings_the_socket_or_why_there_is_none)
{
    struct ipc_message message;
    struct sourcing_question question;
    struct sourcing_answer answer;
    int sock = asked(false, &message, &question);
    assert_int_equal(sourcing_collect(sock, &answer), 0);
    sourcing_tell(question.reply, connection[1], "");
    assert_int_equal(sourcing_collect(sock, &answer), 1);
    assert_true(same(answer.fd, connection[1]) && !*answer.reason);
    close(answer.fd);
    sourcing_tell(question.reply, -1, "it did not come to a transparent listener");
    assert_int_equal(sourcing_collect(sock, &answer), 1);
    assert_int_equal(answer.fd, -1);
    assert_string_equal(answer.reason, "it did not come to a transparent listener");
    ipc_close_fds(&message);
    assert_int_equal(sourcing_collect(sock, &answer), -1); /* whoever would have answered is gone */
    close(sock);
}

TEST(test_a_long_reason_is_cut)
{
    char reason[1000];
    struct ipc_message message;
    struct sourcing_question question;
    struct sourcing_answer answer;
    int sock = asked(false, &message, &question);
    memset(reason, 'x', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    sourcing_tell(question.reply, -1, reason);
    assert_int_equal(sourcing_collect(sock, &answer), 1);
    assert_int_equal(strlen(answer.reason), SOURCING_REASON_MAX);
    ipc_close_fds(&message);
    close(sock);
}

TEST(test_what_is_no_question_is_none)
{
    struct ipc_message message = {.type = SOURCE_GIVEN, .payload = {"", 1}, .fd_count = 2};
    struct sourcing_question question;
    assert_false(sourcing_read(&message, &question));
    message.type = SOURCE_ASK;
    assert_true(sourcing_read(&message, &question));
    message.fd_count = 1;
    assert_false(sourcing_read(&message, &question));
    message.fd_count = 2;
    message.payload.len = 0;
    assert_false(sourcing_read(&message, &question));
    message.payload = SLICE("ab");
    assert_false(sourcing_read(&message, &question));
}

/* A socket where there should be none, and none where there should be, is no answer, and is closed. */
TEST(test_what_is_no_answer_is_none)
{
    static const struct {
        uint16_t type;
        const char *reason;
        size_t fds;
    } cases[] = {
        {SOURCE_ASK, "", 1}, {SOURCE_GIVEN, "", 0}, {SOURCE_GIVEN, "no", 1}, {SOURCE_GIVEN, "", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char room[64];
        struct buf payload = buf_over(room, sizeof room);
        struct sourcing_answer answer;
        pack_slice(&payload, slice_of(cases[i].reason));
        assert_int_equal(
            ipc_send(queue[0], cases[i].type, buf_slice(&payload), connection, cases[i].fds, false),
            1);
        assert_int_equal(sourcing_collect(queue[1], &answer), -1);
    }
}

TEST(test_a_full_queue_takes_no_question)
{
    int sock, socks[4096], count = 0;
    while (count < 4096 && (sock = sourcing_ask(queue[0], connection[0], false)) >= 0)
        socks[count++] = sock;
    assert_true(count < 4096);
    assert_true(errno == EAGAIN || errno == ETOOMANYREFS);
    while (count-- > 0)
        close(socks[count]);
}
