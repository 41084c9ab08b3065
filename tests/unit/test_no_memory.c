/* SPDX-License-Identifier: ISC
 * Memory runs out at each allocation in turn: nothing crashes, nothing stays behind. The linker
 * puts
 * __wrap_malloc and its kin in the place of our calls (Makefile). */
#include "memory_loader.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/smtp_session.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static long countdown = -1; /* the allocation that fails; negative: none */

static bool fails(void)
{
    return countdown >= 0 && countdown-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

/* Calls `run` with the first allocation failing, then the second, until there are no more. */
static void with_each_failing(void (*run)(void))
{
    long failed = 0;
    do {
        countdown = failed;
        run();
        assert_true(failed++ < 10000);
    } while (countdown < 0);
    assert_true(failed > 3);
    countdown = -1;
}

static const char text[] =
    "backend b { smtp \"127.0.0.1:1\" tls none recipient_check off probe off }\n"
    "backend c { smtp \"127.0.0.1:2\" smtp \"127.0.0.1:3\" }\n"
    "domain \"example.com\" { backend b }\n"
    "table friends { \"a.example\" \"*.b.example\" }\n"
    "rule \"one\" when helo in friends and count(recipients) > 1 then header add \"X-One\" "
    "\"{helo}\"\n"
    "rule \"two\" when sender matches /^bad/ then reject 550 5.7.1 \"bad {sender}\"\n"
    "test \"one\" { given helo \"a.example\" expect accept }\n";

static void load(void)
{
    struct buf report = buf_init(65536);
    struct config *config = load_text(text, &report);
    config_free(&config);
    buf_release(&report);
}

static void test_a_configuration_is_refused(void **state)
{
    (void)state;
    with_each_failing(load);
}

static struct event_base *base;
static struct config *config;
static struct shared *shared;
static unsigned row;

static void make_backends(void)
{
    struct backends *backends = backends_new(base, config, SLICE(""), shared, row, 1);
    backends_free(&backends);
}

static void test_backends_are_not_made(void **state)
{
    (void)state;
    with_each_failing(make_backends);
}

static const struct listener listener = {.name = {"test", 4}, .protocol = PROTOCOL_SMTP};
static const char dialogue[] =
    "EHLO client.example\r\nMAIL FROM:<a@client.example>\r\n"
    "RCPT TO:<user@example.com>\r\nRCPT TO:<other@example.com>\r\nRSET\r\n"
    "MAIL FROM:<b@client.example>\r\nQUIT\r\n";
static struct backends *backends;
static struct recipient_cache *recipients;

static void hold_session(void)
{
    struct proxy proxy = {.base = base,
                          .config = config,
                          .backends = backends,
                          .recipients = recipients,
                          .shared = shared,
                          .row = row,
                          .queue = {-1, -1},
                          .decisions = -1};
    struct ip client = {.family = 4, .bytes = {127, 0, 0, 1}};
    int pair[2];
    long when = countdown;
    countdown = -1;
    TAILQ_INIT(&proxy.sessions);
    assert_true(proxy_learn_policy(&proxy));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    assert_int_equal(write(pair[1], dialogue, sizeof dialogue - 1), sizeof dialogue - 1);
    countdown = when;
    session_begin(&proxy, &listener, pair[0], &client, 1, &client);
    for (int i = 0; i < 100 && proxy.session_count; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    while (!TAILQ_EMPTY(&proxy.sessions))
        session_end(TAILQ_FIRST(&proxy.sessions));
    close(pair[1]);
    assert_int_equal(fcntl(pair[0], F_GETFD), -1); /* it was taken over in any case */
    assert_int_equal(shared_sessions(shared), 0);
    assert_int_equal(shared_spool(shared), 0);
}

static void test_a_session_ends(void **state)
{
    (void)state;
    backends = backends_new(base, config, SLICE(""), shared, row, 1);
    recipients = recipient_cache_new();
    with_each_failing(hold_session);
    backends_free(&backends);
    recipient_cache_free(&recipients);
}

static int open_all(void **state)
{
    (void)state;
    int fd;
    base = event_base_new();
    config = load_good(text);
    shared = shared_new(&fd);
    close(fd);
    row = (unsigned)shared_row_claim(shared);
    return base && config && shared ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    shared_free(&shared);
    config_free(&config);
    event_base_free(base);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_configuration_is_refused),
        cmocka_unit_test_setup_teardown(test_backends_are_not_made, open_all, close_all),
        cmocka_unit_test_setup_teardown(test_a_session_ends, open_all, close_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
