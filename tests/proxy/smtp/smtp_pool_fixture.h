/* SPDX-License-Identifier: ISC
 * Backends before two scripted servers, for the suites about them. */
#ifndef TESTS_PROXY_SMTP_SMTP_POOL_FIXTURE_H
#define TESTS_PROXY_SMTP_SMTP_POOL_FIXTURE_H

#include "proxy/smtp/smtp_pool.h"

#include "base/clock.h"
#include "base/log.h"
#include "tests/harness/smtp_script.h"
#include "tests/harness/unit.h"

#include <signal.h>
#include <stdio.h>

enum { JOBS = 8 };

ARENA(1 << 20);

static struct event_base *base;
static struct script_server servers[2];
static struct server server_conf[2];
static struct backend backend;
static struct config config;
static struct shared *shared;
static unsigned row;
static struct smtp_pools *backends;
static struct smtp_job jobs[JOBS];
static struct job_recipient recipients[JOBS][300];
static struct doubt about = {.id = "s1"};
static unsigned done_count;
static unsigned wanted;
static bool guard_fired;

static char body[] = "Subject: x\r\n\r\nhello\r\n.\r\n";
static struct iovec body_pieces[] = {{body, sizeof body - 1}};

static inline void done(struct smtp_job *job)
{
    (void)job;
    done_count++;
}

static inline void guard(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    guard_fired = true;
}

static inline bool answered(void)
{
    return done_count >= wanted;
}

static inline bool turn_until(bool (*condition)(void))
{
    struct event *timer = event_new(base, -1, 0, guard, NULL);
    event_add(timer, &(struct timeval){10, 0});
    guard_fired = false;
    while (!condition() && !guard_fired)
        event_base_loop(base, EVLOOP_ONCE);
    event_free(timer);
    return condition();
}

static inline void settle(void)
{
    for (int i = 0; i < 300; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

static inline void configure(size_t server_count)
{
    static char addresses[2][32];
    for (size_t i = 0; i < 2; i++) {
        int n = snprintf(addresses[i], sizeof addresses[i], "127.0.0.1:%u", servers[i].port);
        server_conf[i] = (struct server){.address = {addresses[i], (size_t)n},
                                         .port = servers[i].port,
                                         .tls = BACKEND_TLS_OPPORTUNISTIC,
                                         .priority = 10 * (unsigned)(i + 1)};
        assert_true(ip_parse(SLICE("127.0.0.1"), &server_conf[i].ip));
    }
    backend = (struct backend){.name = SLICE("mail"),
                               .servers = server_conf,
                               .server_count = server_count,
                               .connections = 2};
    config = (struct config){
        .hostname = SLICE("gate.example"), .backends = &backend, .backend_count = 1};
    config.settings.timeouts_connect = config.settings.timeouts_backend = 5000;
}

static void be_quiet(void)
{
    signal(SIGPIPE, SIG_IGN);
    log_open("test", SINK_STDERR, LEVEL_PANIC);
}

ALL_TESTS(be_quiet, NULL);

static void open_all(void)
{
    int fd;
    base = event_base_new();
    script_start(&servers[0], base);
    script_start(&servers[1], base);
    configure(1);
    shared = shared_new(&fd);
    close(fd);
    row = (unsigned)shared_row_claim(shared);
    backends = smtp_pools_new(base, &config, SLICE(""), shared, row, 1);
    make_arena();
    memset(jobs, 0, sizeof jobs);
    done_count = 0;
    assert_true(shared && backends);
}

/* With what a test has changed in the configuration. */
static inline void again(void)
{
    smtp_pools_free(&backends);
    backends = smtp_pools_new(base, &config, SLICE(""), shared, row, 1);
    assert_non_null(backends);
}

static void close_all(void)
{
    unsigned number = shared_server(shared, &server_conf[0].ip, server_conf[0].port);
    smtp_pools_free(&backends);
    assert_int_equal(shared_backend(shared, number), 0);
    script_stop(&servers[0]);
    script_stop(&servers[1]);
    shared_free(&shared);
    free_arena();
    event_base_free(base);
}

EACH_TEST(open_all, close_all);

static inline struct smtp_job *prepare(size_t i, enum job_kind kind, size_t recipient_count)
{
    for (size_t n = 0; n < recipient_count; n++)
        recipients[i][n] = (struct job_recipient){.address = SLICE("user@example.com")};
    jobs[i] = (struct smtp_job){.kind = kind,
                                .id = "s1",
                                .about = &about,
                                .backend = &backend,
                                .arena = arena,
                                .deadline = clock_ms() + 5000,
                                .done = done,
                                .sender = SLICE("sender@example.org"),
                                .recipients = recipients[i],
                                .recipient_count = recipient_count,
                                .pieces = body_pieces,
                                .piece_count = 1,
                                .size = sizeof body - 4};
    return &jobs[i];
}

static inline struct smtp_job *submit(size_t i, enum job_kind kind, size_t recipient_count)
{
    struct smtp_job *job = prepare(i, kind, recipient_count);
    smtp_pools_submit(backends, job);
    return job;
}

static inline void wait_for(unsigned more)
{
    wanted = done_count + more;
    assert_true(turn_until(answered));
}

static inline struct smtp_job *run(enum job_kind kind)
{
    struct smtp_job *job = submit(0, kind, 1);
    wait_for(1);
    return job;
}

static inline bool said(const struct script_server *s, const char *text)
{
    struct slice all = buf_slice(&s->commands);
    return slice_search(all, slice_of(text)) < all.len;
}

static inline void expect_delivered(const struct smtp_job *job)
{
    assert_int_equal(job->outcome, JOB_ANSWERED);
    assert_int_equal(job->final_reply.kind, REPLY_YES);
    assert_int_equal(job->final_reply.code, 250);
}

#endif
