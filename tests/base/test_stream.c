/* SPDX-License-Identifier: ISC */
#include "base/stream.h"

#include "base/buf.h"
#include "base/clock.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness/certificate.h"
#include "tests/harness/unit.h"

enum { MOST = 8 * 1024 * 1024 };

/* One end of a connection. */
struct side {
    struct stream *stream;
    struct buf got;
    size_t leave; /* of each offer this much is left */
    size_t largest_offer, offers;
    size_t pause_at;  /* pauses once it has this much; 0: never */
    bool whole_lines; /* takes complete lines only */
    bool free_on_input, secure_on_line;
    int free_on_event; /* -1: none */
    unsigned events[STREAM_TIMEOUT + 1];
    size_t thrown_away;
};

static struct event_base *base;
static struct side a, b; /* b is the peer */
static SSL_CTX *server_tls, *client_tls;
static bool guard_fired;

static SSL *new_ssl(bool server)
{
    SSL *ssl = SSL_new(server ? server_tls : client_tls);
    if (server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return ssl;
}

static size_t on_input(void *ctx, struct slice bytes)
{
    struct side *s = ctx;
    s->offers++;
    if (bytes.len > s->largest_offer)
        s->largest_offer = bytes.len;
    if (s->free_on_input) {
        stream_free(&s->stream);
        return 0;
    }
    size_t take = bytes.len > s->leave ? bytes.len - s->leave : 0;
    if (s->whole_lines) {
        size_t lf = slice_rfind(bytes, '\n');
        take = lf < bytes.len ? lf + 1 : 0;
    }
    if (s->secure_on_line && take) {
        take = slice_find(bytes, '\n') + 1;
        buf_append(&s->got, slice_sub(bytes, 0, take));
        stream_write(s->stream, SLICE("220 go\r\n"));
        s->thrown_away = stream_secure(s->stream, new_ssl(true));
        s->secure_on_line = false;
        return take;
    }
    buf_append(&s->got, slice_sub(bytes, 0, take));
    if (s->pause_at && buf_len(&s->got) >= s->pause_at)
        stream_pause(s->stream);
    return take;
}

static void on_event(void *ctx, enum stream_event event)
{
    struct side *s = ctx;
    s->events[event]++;
    if (s->free_on_event == (int)event)
        stream_free(&s->stream);
}

static const struct stream_owner owner = {on_input, on_event};

static void guard(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    guard_fired = true;
}

/* Turns the loop until `done` says so; a test that would hang fails instead. */
static bool turn_until(bool (*done)(void))
{
    struct event *timer = event_new(base, -1, 0, guard, NULL);
    event_add(timer, &(struct timeval){20, 0});
    guard_fired = false;
    while (!done() && !guard_fired)
        event_base_loop(base, EVLOOP_ONCE);
    event_free(timer);
    return done();
}

/* Everything that can happen now. */
static void settle(void)
{
    for (int i = 0; i < 200; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

static void start(struct side *s, int fd, size_t input_max, size_t output_max)
{
    *s = (struct side){.got = buf_init(MOST), .free_on_event = -1};
    fcntl(fd, F_SETFL, O_NONBLOCK);
    s->stream = stream_new(base, fd, input_max, output_max, &owner, s);
    assert_non_null(s->stream);
}

static void make_tls(void)
{
    signal(SIGPIPE, SIG_IGN);
    server_tls = server_context("localhost");
    client_tls = SSL_CTX_new(TLS_client_method());
}

static void free_tls(void)
{
    SSL_CTX_free(server_tls);
    SSL_CTX_free(client_tls);
}

ALL_TESTS(make_tls, free_tls);

static void open_both(void)
{
    int pair[2];
    base = event_base_new();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    start(&a, pair[0], 16 * 1024, 64 * 1024);
    start(&b, pair[1], 16 * 1024, 64 * 1024);
}

static void close_both(void)
{
    stream_free(&a.stream);
    stream_free(&b.stream);
    buf_release(&a.got);
    buf_release(&b.got);
    event_base_free(base);
}

static bool both_secured(void)
{
    return a.events[STREAM_SECURED] && b.events[STREAM_SECURED];
}

static void secure_both(void)
{
    stream_secure(a.stream, new_ssl(true));
    stream_secure(b.stream, new_ssl(false));
    assert_true(turn_until(both_secured));
}

static void open_secure(void)
{
    open_both();
    secure_both();
}

#define PLAIN(test) TEST_WITH(test, open_both, close_both)
#define SECURE(test)                                                                               \
    static void test(void);                                                                        \
    ENTER_TEST(test##_over_tls, #test " over TLS", test, open_secure, close_both)                  \
    static void test(void)
#define PLAIN_AND_SECURE(test)                                                                     \
    static void test(void);                                                                        \
    ENTER_TEST(test##_over_tls, #test " over TLS", test, open_secure, close_both)                  \
    PLAIN(test)

static void say(struct side *s, const char *text)
{
    assert_true(stream_write(s->stream, slice_of(text)));
    stream_flush(s->stream);
}

static bool has(const struct side *s, const char *text)
{
    return slice_eq(buf_slice(&s->got), slice_of(text));
}

PLAIN_AND_SECURE(test_what_is_left_is_offered_again)
{
    a.whole_lines = true;
    say(&b, "one\ntw");
    settle();
    assert_true(has(&a, "one\n"));
    say(&b, "o\nthr");
    settle();
    assert_true(has(&a, "one\ntwo\n"));
    say(&b, "ee\n");
    settle();
    assert_true(has(&a, "one\ntwo\nthree\n"));
}

PLAIN_AND_SECURE(test_nothing_is_read_while_enough_is_left)
{
    static char text[60000];
    memset(text, 'x', sizeof text);
    a.whole_lines = true; /* no line ends: all is left */
    stream_write(b.stream, (struct slice){text, sizeof text});
    stream_flush(b.stream);
    settle();
    assert_int_equal(a.largest_offer, 16 * 1024);
    size_t offers = a.offers;
    settle();
    assert_int_equal(a.offers, offers); /* it does not spin either */
}

PLAIN_AND_SECURE(test_a_paused_stream_is_silent_until_resumed)
{
    a.leave = 3;
    a.pause_at = 1;
    say(&b, "abcdef");
    settle();
    assert_true(has(&a, "abc"));
    say(&b, "ghi");
    settle();
    assert_int_equal(a.offers, 1);
    a.leave = a.pause_at = 0;
    stream_resume(a.stream);
    assert_int_equal(a.offers, 1); /* never from inside */
    settle();
    assert_true(has(&a, "abcdefghi"));
}

PLAIN_AND_SECURE(test_a_close_behind_a_pause_is_told_after_the_bytes)
{
    stream_pause(a.stream);
    say(&b, "last words");
    stream_free(&b.stream);
    settle();
    assert_int_equal(a.events[STREAM_CLOSED], 0);
    stream_resume(a.stream);
    settle();
    assert_true(has(&a, "last words"));
    assert_int_equal(a.events[STREAM_CLOSED], 1);
}

PLAIN(test_a_stream_that_outlives_its_peers_end_still_writes)
{
    stream_outlives_peer(a.stream);
    say(&b, "last words");
    stream_half_close(b.stream, 0);
    settle();
    assert_true(has(&a, "last words"));
    assert_int_equal(a.events[STREAM_CLOSED], 1);
    stream_pause(a.stream);
    stream_resume(a.stream);
    settle();
    assert_int_equal(a.events[STREAM_CLOSED], 1); /* told once */
    say(&a, "an answer");
    settle();
    assert_true(has(&b, "an answer"));
}

static size_t expected;
static bool b_has_all(void)
{
    return buf_len(&b.got) >= expected;
}

static bool both_have_all(void)
{
    return buf_len(&a.got) >= expected && buf_len(&b.got) >= expected;
}

/* A large body in pieces both ways at once, with text in front. */
static void exchange(void)
{
    static char body[3 * 1024 * 1024];
    static struct iovec pieces[2][500];
    size_t count = 0;
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)(i * 7 + i / 999);
    for (size_t at = 0, n = 1; at < sizeof body && count < 500; at += n, count++) {
        n = count % 3 == 0 ? 1 : count % 3 == 1 ? 40000 : 0;
        n = count == 499 || n > sizeof body - at ? sizeof body - at : n;
        pieces[0][count] = pieces[1][count] = (struct iovec){body + at, n};
    }
    struct side *sides[] = {&a, &b};
    stream_bulk(b.stream, true);
    for (int i = 0; i < 2; i++) {
        say(sides[i], "DATA\r\n");
        stream_write_pieces(sides[i]->stream, pieces[i], count);
        stream_notify_drained(sides[i]->stream);
        stream_flush(sides[i]->stream);
    }
    expected = sizeof body + 6;
    assert_true(turn_until(both_have_all));
    settle();
    for (int i = 0; i < 2; i++) {
        struct slice got = buf_slice(&sides[i]->got);
        assert_int_equal(got.len, expected);
        assert_memory_equal(got.ptr, "DATA\r\n", 6);
        assert_memory_equal(got.ptr + 6, body, sizeof body);
        assert_int_equal(sides[i]->events[STREAM_DRAINED], 1);
        assert_false(stream_output_pending(sides[i]->stream));
    }
    assert_true(a.largest_offer <= 16 * 1024);
    assert_true(b.largest_offer > 16 * 1024 || stream_ssl(b.stream));
}

PLAIN_AND_SECURE(test_large_bodies_cross)
{
    exchange();
}

PLAIN_AND_SECURE(test_a_peer_that_does_not_read_fills_the_bound_only)
{
    static char text[16 * 1024];
    unsigned taken = 0;
    stream_pause(b.stream);
    while (stream_write(a.stream, (struct slice){text, sizeof text}) && taken < 1000) {
        stream_flush(a.stream);
        settle();
        taken++;
    }
    assert_true(taken < 1000);
    assert_true(stream_output_pending(a.stream));
    expected = taken * sizeof text;
    stream_resume(b.stream);
    assert_true(turn_until(b_has_all));
    assert_int_equal(buf_len(&b.got), expected);
}

static struct iovec second_batch[] = {{(char[]){"second"}, 6}};

static void next_batch(void *ctx, enum stream_event event)
{
    struct side *s = ctx;
    s->events[event]++;
    if (event == STREAM_DRAINED && s->events[event] == 1) {
        stream_write_pieces(s->stream, second_batch, 1);
        stream_flush(s->stream);
        stream_notify_drained(s->stream);
    }
}

PLAIN_AND_SECURE(test_batches_of_pieces_go_back_to_back)
{
    static const struct stream_owner batches = {on_input, next_batch};
    struct iovec first[] = {{(char[]){"fi"}, 2}, {NULL, 0}, {(char[]){"rst "}, 4}};
    stream_set_owner(a.stream, &batches, &a);
    stream_write_pieces(a.stream, first, 3);
    stream_notify_drained(a.stream);
    stream_flush(a.stream);
    settle();
    assert_true(has(&b, "first second"));
    assert_int_equal(a.events[STREAM_DRAINED], 2);
    stream_notify_drained(a.stream); /* with nothing queued: at once, from the loop */
    settle();
    assert_int_equal(a.events[STREAM_DRAINED], 3);
}

/* More than the socket takes. */
static char large[4 * 1024 * 1024];
static struct iovec large_batch[] = {{large, sizeof large}};

static void large_next(void *ctx, enum stream_event event)
{
    struct side *s = ctx;
    s->events[event]++;
    if (event == STREAM_DRAINED && s->events[event] == 1) {
        stream_write_pieces(s->stream, large_batch, 1);
        stream_notify_drained(s->stream);
        stream_flush(s->stream);
    }
}

PLAIN_AND_SECURE(test_a_batch_behind_another_goes_on_when_the_socket_was_full)
{
    static const struct stream_owner batches = {on_input, large_next};
    struct iovec first[] = {{(char[]){"first"}, 5}};
    stream_set_owner(a.stream, &batches, &a);
    stream_bulk(b.stream, true);
    stream_write_pieces(a.stream, first, 1);
    stream_notify_drained(a.stream);
    stream_flush(a.stream);
    expected = 5 + sizeof large;
    assert_true(turn_until(b_has_all));
    settle();
    assert_int_equal(buf_len(&b.got), expected);
    assert_int_equal(a.events[STREAM_DRAINED], 2);
}

static bool a_timed_out(void)
{
    return a.events[STREAM_TIMEOUT] > 0;
}

PLAIN(test_a_deadline_comes_once)
{
    stream_deadline(a.stream, 1);
    assert_true(turn_until(a_timed_out));
    settle();
    assert_int_equal(a.events[STREAM_TIMEOUT], 1);
}

PLAIN(test_a_deadline_can_be_moved_and_taken_back)
{
    stream_deadline(a.stream, 1);
    stream_deadline(a.stream, 3600 * 1000);
    stream_deadline(b.stream, 1);
    b.free_on_event = -1;
    while (!b.events[STREAM_TIMEOUT])
        event_base_loop(base, EVLOOP_ONCE);
    settle();
    assert_int_equal(a.events[STREAM_TIMEOUT], 0);
    clock_advance(3600 * 1000);
    stream_deadline(a.stream, 0);
    settle();
    assert_int_equal(a.events[STREAM_TIMEOUT], 0);
    stream_deadline(a.stream, 1);
    assert_true(turn_until(a_timed_out));
}

PLAIN(test_a_stream_may_be_freed_inside_each_callback)
{
    a.free_on_input = true;
    b.free_on_event = STREAM_CLOSED;
    say(&b, "x");
    settle();
    assert_null(a.stream);
    assert_null(b.stream);
    close_both();
    open_both();
    a.free_on_event = STREAM_DRAINED;
    stream_notify_drained(a.stream);
    settle();
    assert_null(a.stream);
    close_both();
    open_both();
    a.free_on_event = STREAM_TIMEOUT;
    stream_deadline(a.stream, 1);
    assert_true(turn_until(a_timed_out));
    assert_null(a.stream);
    close_both();
    open_both();
    a.free_on_event = STREAM_SECURED;
    stream_secure(a.stream, new_ssl(true));
    stream_secure(b.stream, new_ssl(false));
    settle();
    assert_null(a.stream);
    close_both();
    open_secure();
    a.free_on_input = true;
    say(&b, "x");
    settle();
    assert_null(a.stream);
}

PLAIN_AND_SECURE(test_what_the_peer_said_before_it_broke_off_is_heard)
{
    static char body[2 * 1024 * 1024];
    struct iovec piece = {body, sizeof body};
    stream_write_pieces(a.stream, &piece, 1);
    say(&b, "552 too big\r\n");
    stream_pause(b.stream);
    stream_free(&b.stream);
    stream_flush(a.stream); /* the write fails */
    settle();
    assert_true(has(&a, "552 too big\r\n"));
    assert_int_equal(a.events[STREAM_CLOSED] + a.events[STREAM_FAILED], 1);
}

PLAIN(test_a_half_closed_stream_still_hears)
{
    char got[8];
    int peer = stream_fd(b.stream);
    stream_pause(b.stream);
    say(&a, "bye");
    stream_half_close(a.stream, 60000);
    assert_int_equal(read(peer, got, sizeof got), 3);
    assert_int_equal(read(peer, got, sizeof got), 0);
    assert_int_equal(write(peer, "and you", 7), 7);
    settle();
    assert_true(has(&a, "and you"));
    stream_free(&b.stream);
    settle();
    assert_int_equal(a.events[STREAM_CLOSED], 1);
}

PLAIN(test_plaintext_behind_starttls_is_thrown_away)
{
    a.secure_on_line = true;
    say(&b, "STARTTLS\r\nRCPT TO:<injected@example.com>\r\n");
    settle();
    assert_true(has(&b, "220 go\r\n"));
    stream_secure(b.stream, new_ssl(false));
    assert_true(turn_until(both_secured));
    say(&b, "EHLO x\r\n");
    settle();
    assert_true(has(&a, "STARTTLS\r\nEHLO x\r\n"));
}

PLAIN(test_plaintext_left_before_starttls_is_counted_and_gone)
{
    a.leave = 5;
    say(&b, "12345");
    settle();
    assert_int_equal(stream_secure(a.stream, new_ssl(true)), 5);
    a.leave = 0;
    stream_secure(b.stream, new_ssl(false));
    assert_true(turn_until(both_secured));
    say(&b, "secret");
    settle();
    assert_true(has(&a, "secret"));
}

/* A record larger than input_max, several in one packet: OpenSSL holds bytes that
 * raise no event. */
SECURE(test_bytes_that_openssl_holds_are_not_lost_after_a_pause)
{
    static char text[48 * 1024];
    memset(text, 'x', sizeof text);
    a.pause_at = 1;
    stream_write(b.stream, (struct slice){text, sizeof text});
    stream_flush(b.stream);
    settle();
    size_t before = buf_len(&a.got);
    assert_true(before > 0 && before < sizeof text);
    for (int round = 0; round < 100 && buf_len(&a.got) < sizeof text; round++) {
        stream_resume(a.stream);
        settle();
    }
    assert_int_equal(buf_len(&a.got), sizeof text);
}

static void open_small_secure(void)
{
    int pair[2];
    base = event_base_new();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    start(&a, pair[0], 1000, 64 * 1024);
    start(&b, pair[1], 16 * 1024, 64 * 1024);
    secure_both();
}

TEST_WITH(test_a_record_larger_than_the_input_comes_whole, open_small_secure, close_both)
{
    static char text[40000];
    memset(text, '\n', sizeof text);
    a.whole_lines = true;
    stream_write(b.stream, (struct slice){text, sizeof text});
    stream_flush(b.stream);
    settle();
    assert_int_equal(buf_len(&a.got), sizeof text);
    assert_true(a.largest_offer <= 1000);
}

PLAIN(test_a_failed_handshake_is_told)
{
    stream_secure(a.stream, new_ssl(true));
    say(&b, "EHLO plaintext\r\n");
    settle();
    assert_int_equal(a.events[STREAM_FAILED], 1);
    assert_true(strlen(stream_error(a.stream)) > 0);
}

PLAIN(test_a_refused_connection_is_told)
{
    struct sockaddr_in nowhere = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof nowhere;
    int taken = socket(AF_INET, SOCK_STREAM, 0); /* bound, not listening */
    assert_int_equal(bind(taken, (struct sockaddr *)&nowhere, len), 0);
    getsockname(taken, (struct sockaddr *)&nowhere, &len);
    const char *reason = NULL;
    stream_free(&a.stream);
    a.stream = stream_connect(base, (struct sockaddr *)&nowhere, len, NULL, 0, 1000, 1000, &owner,
                              &a, &reason);
    settle();
    assert_true(!a.stream || a.events[STREAM_FAILED] == 1);
    close(taken);
}

/* ---- one whose socket somebody else makes ---- */

static unsigned given_up;

static void on_given_up(void *ctx)
{
    (void)ctx;
    given_up++;
}

static void await_socket(struct side *s)
{
    *s = (struct side){.got = buf_init(MOST), .free_on_event = -1};
    s->stream = stream_await(base, 16 * 1024, 64 * 1024, &owner, s);
    assert_non_null(s->stream);
    given_up = 0;
    stream_set_waiter(s->stream, &(struct stream_waiter){on_given_up, NULL});
}

static int listening(struct sockaddr_in *at)
{
    socklen_t len = sizeof *at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static struct side waiting;

static bool waiting_connected(void)
{
    return waiting.events[STREAM_CONNECTED];
}

static bool waiting_timed_out(void)
{
    return waiting.events[STREAM_TIMEOUT];
}

PLAIN(test_a_stream_without_a_socket_connects_once_it_has_one)
{
    struct sockaddr_in at;
    int listener = listening(&at);
    await_socket(&waiting);
    stream_flush(waiting.stream);
    stream_pause(waiting.stream);
    stream_resume(waiting.stream);
    settle();
    assert_false(waiting_connected());
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(stream_dial(waiting.stream, fd, (struct sockaddr *)&at, sizeof at));
    assert_true(turn_until(waiting_connected));
    stream_free(&waiting.stream);
    assert_int_equal(given_up, 0);
    buf_release(&waiting.got);
    close(listener);
}

PLAIN(test_a_stream_that_is_freed_before_it_has_a_socket_tells_who_waits_for_one)
{
    await_socket(&waiting);
    stream_free(&waiting.stream);
    assert_int_equal(given_up, 1);
    await_socket(&waiting);
    stream_without_socket(waiting.stream, "the client's address", "there is none");
    assert_int_equal(waiting.events[STREAM_FAILED], 1);
    assert_string_equal(stream_error(waiting.stream), "the client's address: there is none");
    stream_free(&waiting.stream);
    assert_int_equal(given_up, 0);
    buf_release(&waiting.got);
}

PLAIN(test_a_stream_without_a_socket_has_its_deadline)
{
    await_socket(&waiting);
    stream_deadline(waiting.stream, 1);
    assert_true(turn_until(waiting_timed_out));
    stream_free(&waiting.stream);
    buf_release(&waiting.got);
}

/* So that whoever waits may give it another. */
PLAIN(test_a_socket_that_cannot_connect_leaves_the_stream_as_it_was)
{
    struct sockaddr_in at;
    int listener = listening(&at), dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    await_socket(&waiting);
    assert_false(stream_dial(waiting.stream, dead, (struct sockaddr *)&at, sizeof at));
    assert_int_equal(waiting.events[STREAM_FAILED], 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(stream_dial(waiting.stream, fd, (struct sockaddr *)&at, sizeof at));
    assert_true(turn_until(waiting_connected));
    stream_free(&waiting.stream);
    buf_release(&waiting.got);
    close(listener);
}
