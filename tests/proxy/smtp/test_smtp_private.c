/* SPDX-License-Identifier: ISC
 * Connections of one session each, to a server that sees its client. */
#include "proxy/smtp/smtp_private.h"

#include "common/sourcing.h"
#include "tests/harness/unit.h"
#include "tests/proxy/smtp/smtp_pool_fixture.h"

#include <poll.h>

static char inbox[IPC_PAYLOAD_MAX + 2];
static int queue[2], connection[2];

static void see_clients(void)
{
    backend.source_client = true;
    config.settings.limits_sessions = 4;
    again();
    assert_int_equal(ipc_pair(queue), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, connection), 0);
}

static void stop_seeing(void)
{
    for (int i = 0; i < 2; i++) {
        close(queue[i]);
        close(connection[i]);
    }
}

static bool is_asked(void)
{
    struct pollfd polled = {.fd = queue[1], .events = POLLIN};
    return poll(&polled, 1, 0) == 1;
}

/* What gatepost-source says: a socket, or why there is none. */
static void give(int fd, const char *reason)
{
    struct ipc_message message;
    struct sourcing_question question;
    assert_true(turn_until(is_asked));
    assert_int_equal(ipc_recv(queue[1], &message, inbox, sizeof inbox, false), 1);
    assert_true(sourcing_read(&message, &question));
    sourcing_tell(question.reply, fd, reason);
    ipc_close_fds(&message);
    if (fd >= 0)
        close(fd);
}

static int a_socket(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static struct smtp_job *once(int its_queue)
{
    const struct upstream_client client = {
        .connection = connection[0], .queue = its_queue, .family = 4};
    static struct job_recipient to;
    to = (struct job_recipient){.address = SLICE("user@example.com")};
    jobs[0] = (struct smtp_job){.kind = JOB_DELIVER,
                                .id = "s1",
                                .about = &about,
                                .backend = &backend,
                                .arena = arena,
                                .deadline = clock_ms() + 5000,
                                .done = done,
                                .sender = SLICE("sender@example.org"),
                                .recipients = &to,
                                .recipient_count = 1,
                                .pieces = body_pieces,
                                .piece_count = 1,
                                .size = sizeof body - 4};
    smtp_private_once(backends, &client, &jobs[0]);
    return &jobs[0];
}

static bool counts_as_down(void)
{
    int64_t since;
    char why[SHARED_WHY_MAX];
    unsigned number = shared_server(shared, &server_conf[0].ip, server_conf[0].port);
    return shared_server_is_down(shared, number, &since, why);
}

TEST(test_what_is_given_a_socket_is_delivered)
{
    see_clients();
    struct smtp_job *job = once(queue[0]);
    give(a_socket(), "");
    wait_for(1);
    expect_delivered(job);
    assert_false(counts_as_down());
    stop_seeing();
}

TEST(test_a_server_that_does_not_want_one_client_is_up_for_all_others)
{
    static const struct script unwilling[] = {{.greeting = "554 5.7.1 go away\r\n"},
                                              {.greeting = "421 4.7.0 too many of yours\r\n"},
                                              {.ehlo = "421 4.7.0 go away\r\n"}};
    see_clients();
    for (size_t i = 0; i < sizeof unwilling / sizeof *unwilling; i++) {
        servers[0].script = unwilling[i];
        struct smtp_job *job = once(queue[0]);
        give(a_socket(), "");
        wait_for(1);
        assert_int_equal(job->outcome, JOB_UNREACHABLE);
        assert_false(counts_as_down());
    }
    stop_seeing();
}

TEST(test_a_server_is_not_down_because_there_is_no_socket_for_a_client)
{
    see_clients();
    struct smtp_job *job = once(queue[0]);
    give(-1, "Cannot assign requested address");
    wait_for(1);
    assert_int_equal(job->outcome, JOB_UNREACHABLE);
    assert_false(counts_as_down());
    job = once(-1);
    wait_for(1);
    assert_int_equal(job->outcome, JOB_UNREACHABLE);
    assert_false(counts_as_down());
    stop_seeing();
}

TEST(test_a_server_that_cannot_be_reached_counts_as_down)
{
    see_clients();
    script_stop(&servers[0]);
    struct smtp_job *job = once(queue[0]);
    give(a_socket(), "");
    wait_for(1);
    script_start(&servers[0], base); /* what stops it is behind each test */
    assert_int_equal(job->outcome, JOB_UNREACHABLE);
    assert_true(counts_as_down());
    stop_seeing();
}

TEST(test_a_server_that_a_session_wants_may_end_before_it_has_a_socket)
{
    static const struct smtp_private_owner nobody = {.ready = NULL};
    const char *reason = NULL;
    uint64_t tried = 0;
    see_clients();
    const struct smtp_private_wish wish = {
        .backend = &backend,
        .client = {.connection = connection[0], .queue = queue[0], .family = 4},
        .hears = &nobody};
    struct smtp_private *p = smtp_private_open(backends, &wish, &tried, &reason);
    assert_non_null(p);
    smtp_private_close(p);
    give(a_socket(), ""); /* nobody hears it any more */
    settle();
    assert_false(counts_as_down());
    stop_seeing();
}
