/* SPDX-License-Identifier: ISC */
#include "proxy/session/passage.h"

#include "base/buf.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness/unit.h"

enum { MOST = 8 * 1024 * 1024, INPUT_MAX = 16 * 1024, OUTPUT_MAX = 64 * 1024 };

static struct event_base *base;
static struct stream *client;
static struct passage *passage;
static int client_end, server_end; /* what the client and the server hold */
static unsigned moves, ends;
static char reason[128];

static void moved(void *owner)
{
    (void)owner;
    moves++;
}

static void over(void *owner, const char *why)
{
    (void)owner;
    ends++;
    strncpy(reason, why, sizeof reason - 1);
    passage_free(&passage);
}

static const struct passage_owner hears = {moved, over};

/* Leaves what it is offered, as a session does that is busy. */
static size_t leave(void *ctx, struct slice bytes)
{
    (void)ctx, (void)bytes;
    return 0;
}

static void hear_nothing(void *ctx, enum stream_event event)
{
    (void)ctx, (void)event;
}

static struct stream *half_of_a_pair(int *other)
{
    static const struct stream_owner owner = {leave, hear_nothing};
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    *other = pair[1];
    return stream_new(base, pair[0], INPUT_MAX, OUTPUT_MAX, &owner, NULL);
}

/* Everything that can happen now. */
static void settle(void)
{
    for (int i = 0; i < 200; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

static struct stream *server;

static void open_both(void)
{
    signal(SIGPIPE, SIG_IGN);
    base = event_base_new();
    client = half_of_a_pair(&client_end);
    server = half_of_a_pair(&server_end);
    moves = ends = 0;
    *reason = '\0';
}

static void begin(int64_t silence)
{
    passage = passage_new(client, server, silence, &hears, NULL);
    assert_non_null(passage);
}

static void close_both(void)
{
    passage_free(&passage);
    stream_free(&client);
    close(client_end);
    close(server_end);
    event_base_free(base);
}

EACH_TEST(open_both, close_both);

static void say(int end, const char *text)
{
    assert_int_equal(send(end, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void hears_text(int end, const char *text)
{
    char got[256];
    settle();
    assert_int_equal(recv(end, got, sizeof got, 0), (ssize_t)strlen(text));
    assert_memory_equal(got, text, strlen(text));
}

static void hears_the_end(int end)
{
    char octet;
    settle();
    assert_int_equal(recv(end, &octet, 1, 0), 0);
}

TEST(test_octets_go_both_ways_and_are_counted)
{
    begin(60000);
    say(client_end, "to the server");
    hears_text(server_end, "to the server");
    say(server_end, "back");
    hears_text(client_end, "back");
    assert_int_equal(passage_octets(passage, PASSAGE_FROM_CLIENT), strlen("to the server"));
    assert_int_equal(passage_octets(passage, PASSAGE_FROM_SERVER), strlen("back"));
    assert_int_equal(moves, 2);
    assert_int_equal(ends, 0);
}

TEST(test_what_was_read_before_and_not_taken_goes_first)
{
    say(client_end, "early ");
    settle();
    assert_int_equal(stream_kept(client).len, strlen("early "));
    begin(60000);
    say(client_end, "late");
    hears_text(server_end, "early late");
}

TEST(test_what_is_queued_for_the_client_goes_out_before_what_the_server_says)
{
    stream_write(client, SLICE("220 go\r\n"));
    say(server_end, "TLS");
    begin(60000);
    hears_text(client_end, "220 go\r\nTLS");
}

TEST(test_a_paused_client_is_heard_again)
{
    stream_pause(client);
    say(client_end, "kept in the socket");
    settle();
    begin(60000);
    hears_text(server_end, "kept in the socket");
}

TEST(test_a_side_that_says_its_last_still_hears_the_other)
{
    begin(60000);
    say(client_end, "last");
    shutdown(client_end, SHUT_WR);
    hears_text(server_end, "last");
    hears_the_end(server_end);
    assert_int_equal(ends, 0);
    say(server_end, "answer");
    hears_text(client_end, "answer");
    shutdown(server_end, SHUT_WR);
    hears_the_end(client_end);
    assert_int_equal(ends, 1);
    assert_string_equal(reason, "");
}

TEST(test_the_server_may_say_its_last_first)
{
    begin(60000);
    shutdown(server_end, SHUT_WR);
    hears_the_end(client_end);
    say(client_end, "more");
    hears_text(server_end, "more");
    shutdown(client_end, SHUT_WR);
    hears_the_end(server_end);
    assert_int_equal(ends, 1);
}

/* As much as the side takes that is not heard. */
static size_t pour(int end)
{
    static const char piece[8192];
    size_t sent = 0;
    for (int turns = 0; turns < 50;) {
        ssize_t n = send(end, piece, sizeof piece, MSG_NOSIGNAL);
        if (n > 0) {
            sent += (size_t)n;
            turns = 0;
        } else {
            turns++;
            event_base_loop(base, EVLOOP_NONBLOCK);
        }
        assert_true(sent < MOST);
    }
    return sent;
}

static size_t drain(int end)
{
    static char piece[65536];
    size_t got = 0;
    for (int turns = 0; turns < 50;) {
        ssize_t n = recv(end, piece, sizeof piece, 0);
        if (n > 0) {
            got += (size_t)n;
            turns = 0;
        } else {
            turns++;
            event_base_loop(base, EVLOOP_NONBLOCK);
        }
    }
    return got;
}

TEST(test_what_one_side_does_not_take_is_not_read_from_the_other)
{
    begin(60000);
    size_t sent = pour(client_end);
    assert_true(passage_octets(passage, PASSAGE_FROM_CLIENT) <
                sent); /* the rest is in its socket */
    assert_int_equal(stream_kept(client).len, 0);
    say(server_end, "the other way is open");
    hears_text(client_end, "the other way is open");
    assert_int_equal(drain(server_end), sent);
    assert_int_equal(passage_octets(passage, PASSAGE_FROM_CLIENT), sent);
}

TEST(test_an_end_behind_much_comes_behind_it)
{
    begin(60000);
    size_t sent = pour(server_end);
    shutdown(server_end, SHUT_WR);
    settle();
    assert_int_equal(drain(client_end), sent);
    hears_the_end(client_end);
}

/* The socket to the client is full. */
static void fill_client(void)
{
    static const char piece[8192];
    while (send(stream_fd(client), piece, sizeof piece, MSG_NOSIGNAL) > 0)
        ;
}

TEST(test_an_end_behind_what_was_queued_before_comes_behind_it)
{
    fill_client();
    stream_write(client, SLICE("220 go\r\n"));
    begin(60000);
    shutdown(server_end, SHUT_WR);
    settle();
    assert_int_equal(stream_text_pending(client), strlen("220 go\r\n"));
    assert_true(drain(client_end) > 0);
    hears_the_end(client_end);
    assert_int_equal(ends, 0);
}

TEST(test_a_side_that_is_gone_ends_it)
{
    begin(60000);
    close(server_end);
    server_end = -1;
    hears_the_end(client_end);
    say(client_end, "to nobody");
    settle();
    assert_int_equal(ends, 1);
    assert_non_null(strstr(reason, "write"));
}

static void wait_for_the_end(void)
{
    for (int i = 0; i < 1000 && !ends; i++)
        event_base_loop(base, EVLOOP_ONCE);
}

TEST(test_silence_ends_it)
{
    begin(20);
    wait_for_the_end();
    assert_int_equal(ends, 1);
    assert_string_equal(reason, "nothing has moved for too long");
}

TEST(test_it_can_be_hurried)
{
    begin(3600000);
    passage_hurry(passage, 20);
    wait_for_the_end();
    assert_int_equal(ends, 1);
}

TEST(test_whoever_frees_it_has_the_client_still)
{
    begin(60000);
    passage_free(&passage);
    hears_the_end(server_end);
    say(client_end, "nobody takes it any more");
    settle();
    assert_int_equal(ends, 0);
}
