/* SPDX-License-Identifier: ISC */
#include "proxy/backends.h"

#include "base/clock.h"
#include "base/log.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include "smtp_script.h"
#include "test_certificate.h"

#include <cmocka.h>

enum { JOBS = 8 };

static struct event_base *base;
static struct script_server servers[2];
static struct server server_conf[2];
static struct backend backend;
static struct config config;
static struct shared *shared;
static unsigned row;
static struct backends *backends;
static struct arena *arena;
static struct backend_job jobs[JOBS];
static struct job_recipient recipients[JOBS][300];
static unsigned done_count;
static unsigned wanted;
static bool guard_fired;

static char body[] = "Subject: x\r\n\r\nhello\r\n.\r\n";
static struct iovec body_pieces[] = {{body, sizeof body - 1}};

static void done(struct backend_job *job)
{
    (void)job;
    done_count++;
}

static void guard(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    guard_fired = true;
}

static bool answered(void)
{
    return done_count >= wanted;
}

static bool turn_until(bool (*condition)(void))
{
    struct event *timer = event_new(base, -1, 0, guard, NULL);
    event_add(timer, &(struct timeval){10, 0});
    guard_fired = false;
    while (!condition() && !guard_fired)
        event_base_loop(base, EVLOOP_ONCE);
    event_free(timer);
    return condition();
}

static void settle(void)
{
    for (int i = 0; i < 300; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

static void configure(size_t server_count)
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

static int open_all(void **state)
{
    (void)state;
    int fd;
    base = event_base_new();
    script_start(&servers[0], base);
    script_start(&servers[1], base);
    configure(1);
    shared = shared_new(&fd);
    close(fd);
    row = (unsigned)shared_row_claim(shared);
    backends = backends_new(base, &config, SLICE(""), shared, row, 1);
    arena = arena_new(1 << 20);
    memset(jobs, 0, sizeof jobs);
    done_count = 0;
    return shared && backends && arena ? 0 : -1;
}

/* With what a test has changed in the configuration. */
static void again(void)
{
    backends_free(&backends);
    backends = backends_new(base, &config, SLICE(""), shared, row, 1);
    assert_non_null(backends);
}

static int close_all(void **state)
{
    (void)state;
    unsigned number = shared_server(shared, &server_conf[0].ip, server_conf[0].port);
    backends_free(&backends);
    assert_int_equal(shared_backend(shared, number), 0);
    script_stop(&servers[0]);
    script_stop(&servers[1]);
    shared_free(&shared);
    arena_free(&arena);
    event_base_free(base);
    return 0;
}

static struct backend_job *submit(size_t i, enum job_kind kind, size_t recipient_count)
{
    for (size_t n = 0; n < recipient_count; n++)
        recipients[i][n] = (struct job_recipient){.address = SLICE("user@example.com")};
    jobs[i] = (struct backend_job){.kind = kind,
                                   .id = "s1",
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
    backends_submit(backends, &jobs[i]);
    return &jobs[i];
}

static void wait_for(unsigned more)
{
    wanted = done_count + more;
    assert_true(turn_until(answered));
}

static struct backend_job *run(enum job_kind kind)
{
    struct backend_job *job = submit(0, kind, 1);
    wait_for(1);
    return job;
}

static bool said(const struct script_server *s, const char *text)
{
    struct slice all = buf_slice(&s->commands);
    return slice_search(all, slice_of(text)) < all.len;
}

static void expect_delivered(const struct backend_job *job)
{
    assert_int_equal(job->outcome, JOB_ANSWERED);
    assert_int_equal(job->final_reply.kind, REPLY_YES);
    assert_int_equal(job->final_reply.code, 250);
}

/* ---- what goes well ---- */

static void test_a_connection_serves_job_after_job(void **state)
{
    (void)state;
    struct backend_job *job = run(JOB_CHECK);
    assert_int_equal(job->outcome, JOB_ANSWERED);
    assert_int_equal(job->recipients[0].reply.kind, REPLY_YES);
    expect_delivered(run(JOB_DELIVER));
    expect_delivered(run(JOB_DELIVER));
    assert_int_equal(servers[0].connections, 1);
    assert_int_equal(servers[0].resets, 1);
    assert_true(slice_eq(buf_slice(&servers[0].body), slice_of(body)));
    assert_true(said(&servers[0], "EHLO gate.example\r\n"));
    assert_true(said(&servers[0], "MAIL FROM:<sender@example.org> SIZE="));
}

static void test_no_more_connections_than_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < JOBS; i++)
        submit(i, JOB_DELIVER, 1);
    wait_for(JOBS);
    for (size_t i = 0; i < JOBS; i++)
        expect_delivered(&jobs[i]);
    assert_int_equal(servers[0].connections, 2);
    assert_int_equal(servers[0].messages, JOBS);
}

static void test_replies_may_come_byte_by_byte(void **state)
{
    (void)state;
    servers[0].script.trickle = true;
    expect_delivered(run(JOB_DELIVER));
    servers[0].script.rcpt = "550-5.1.1 no\r\n550 5.1.1 such user\r\n";
    struct backend_job *job = run(JOB_CHECK);
    assert_int_equal(job->recipients[0].reply.kind, REPLY_RECIPIENT);
    assert_true(slice_eq(job->recipients[0].reply.enhanced, SLICE("5.1.1")));
}

static void test_a_server_without_pipelining_gets_one_command_a_time(void **state)
{
    (void)state;
    servers[0].script.ehlo = "250 hi\r\n";
    submit(0, JOB_DELIVER, 5);
    wait_for(1);
    expect_delivered(&jobs[0]);
    servers[0].script.mail = "450 4.3.0 later\r\n";
    struct backend_job *job = run(JOB_CHECK);
    assert_int_equal(job->mail_reply.kind, REPLY_LATER);
}

static void test_helo_after_ehlo_is_refused(void **state)
{
    (void)state;
    servers[0].script.ehlo = "502 what\r\n";
    expect_delivered(run(JOB_DELIVER));
    assert_true(said(&servers[0], "HELO gate.example\r\n"));
}

static void test_many_recipients_go_in_steps(void **state)
{
    (void)state;
    submit(0, JOB_DELIVER, 300);
    wait_for(1);
    expect_delivered(&jobs[0]);
    assert_int_equal(servers[0].recipients, 300);
}

static void test_only_what_is_offered_is_asked_for(void **state)
{
    (void)state;
    const struct smtp_mail_params mail = {
        .utf8 = true, .body = SMTP_BODY_8BITMIME, .ret = SLICE("HDRS"), .envid = SLICE("id1")};
    for (int offered = 0; offered < 2; offered++) {
        buf_clear(&servers[0].commands);
        servers[0].script.ehlo =
            offered ? "250-hi\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 SIZE\r\n" : NULL;
        again();
        recipients[0][0] = (struct job_recipient){.address = SLICE("user@example.com"),
                                                  .params = {SLICE("NEVER"), SLICE("rfc822;x")}};
        jobs[0] = (struct backend_job){.kind = JOB_CHECK,
                                       .id = "s1",
                                       .backend = &backend,
                                       .arena = arena,
                                       .deadline = clock_ms() + 5000,
                                       .done = done,
                                       .mail = mail,
                                       .recipients = recipients[0],
                                       .recipient_count = 1};
        backends_submit(backends, &jobs[0]);
        wait_for(1);
        assert_int_equal(
            said(&servers[0], "MAIL FROM:<> BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=id1\r\n"),
            offered);
        assert_int_equal(
            said(&servers[0], "RCPT TO:<user@example.com> NOTIFY=NEVER ORCPT=rfc822;x\r\n"),
            offered);
        assert_int_equal(said(&servers[0], "MAIL FROM:<>\r\n"), !offered);
        struct capabilities can = backends_common(backends);
        assert_int_equal(can.eight_bit && can.utf8 && can.dsn, offered);
    }
}

/* ---- what goes wrong ---- */

static void test_a_stale_connection_is_tried_anew(void **state)
{
    (void)state;
    run(JOB_CHECK);
    servers[0].script.close_mails = 1;
    expect_delivered(run(JOB_DELIVER));
    assert_int_equal(servers[0].connections, 2);
    assert_int_equal(servers[0].messages, 1);
}

static void test_all_stale_connections_are_given_up_at_once(void **state)
{
    (void)state;
    submit(0, JOB_CHECK, 1);
    submit(1, JOB_CHECK, 1);
    wait_for(2);
    assert_int_equal(servers[0].connections, 2);
    servers[0].script.close_mails = 1;
    expect_delivered(run(JOB_DELIVER));
    assert_int_equal(servers[0].connections, 3);
    assert_int_equal(servers[0].open, 1);
}

static void test_421_before_the_body_is_tried_anew(void **state)
{
    (void)state;
    struct script_server *s = &servers[0];
    const char **steps[] = {&s->script.mail, &s->script.rcpt, &s->script.data};
    server_conf[1].priority = 20;
    backend.server_count = 2;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        again();
        s->script = (struct script){0};
        *steps[i] = "421 4.3.2 closing\r\n";
        unsigned before = servers[1].messages;
        expect_delivered(run(JOB_DELIVER));
        assert_int_equal(servers[1].messages, before + 1);
        assert_int_equal(s->messages, 0);
    }
}

static void test_421_after_the_dot_is_a_tempfail_and_no_retry(void **state)
{
    (void)state;
    servers[0].script.final = "421 4.3.2 closing\r\n";
    struct backend_job *job = run(JOB_DELIVER);
    assert_int_equal(job->outcome, JOB_ANSWERED);
    assert_int_equal(job->final_reply.kind, REPLY_LATER);
    assert_int_equal(job->final_reply.code, 451); /* our own client's session goes on */
    settle();
    assert_int_equal(servers[0].messages, 1);
}

static void test_lost_after_the_dot_is_in_doubt_and_never_tried_anew(void **state)
{
    (void)state;
    servers[0].script.final = SCRIPT_CLOSE;
    backend.server_count = 2;
    again();
    struct backend_job *job = run(JOB_DELIVER);
    assert_int_equal(job->outcome, JOB_IN_DOUBT);
    settle();
    assert_int_equal(servers[0].messages, 1);
    assert_int_equal(servers[1].messages, 0);
}

static void test_silence_after_the_dot_is_in_doubt(void **state)
{
    (void)state;
    servers[0].script.final = SCRIPT_SILENT;
    struct backend_job *job = submit(0, JOB_DELIVER, 1);
    job->deadline = clock_ms() + 50;
    wait_for(1);
    assert_int_equal(job->outcome, JOB_IN_DOUBT);
}

static void test_silence_in_the_envelope_ends_with_the_job(void **state)
{
    (void)state;
    servers[0].script.rcpt = SCRIPT_SILENT;
    int64_t begun = clock_ms();
    struct backend_job *job = submit(0, JOB_DELIVER, 1);
    job->deadline = begun + 100;
    wait_for(1);
    assert_int_equal(job->outcome, JOB_UNREACHABLE);
    assert_true(clock_ms() - begun < 4000); /* not a whole reply's time-out */
    assert_int_equal(servers[0].messages, 0);
}

static void test_refused_recipients_leave_no_message_and_a_usable_connection(void **state)
{
    (void)state;
    servers[0].script.rcpt = "550 5.1.1 no such user\r\n";
    servers[0].script.data = "554 5.5.1 no valid recipients\r\n";
    struct backend_job *job = run(JOB_DELIVER);
    assert_int_equal(job->outcome, JOB_ANSWERED);
    assert_int_equal(job->recipients[0].reply.kind, REPLY_RECIPIENT);
    servers[0].script = (struct script){0};
    expect_delivered(run(JOB_DELIVER));
    assert_int_equal(servers[0].connections, 1);
    assert_int_equal(servers[0].messages, 1);
}

static void test_354_without_recipients_begins_no_message(void **state)
{
    (void)state;
    servers[0].script.rcpt = "550 5.1.1 no such user\r\n";
    struct backend_job *job = run(JOB_DELIVER);
    assert_int_equal(job->outcome, JOB_ANSWERED);
    assert_int_equal(job->recipients[0].reply.kind, REPLY_RECIPIENT);
    settle();
    assert_int_equal(servers[0].messages, 0);
    assert_int_equal(servers[0].open, 0);
}

static void test_a_yes_before_the_message_is_not_believed(void **state)
{
    (void)state;
    servers[0].script.data = "354 go\r\n250 2.0.0 taken already\r\n";
    backend.server_count = 2;
    again();
    expect_delivered(run(JOB_DELIVER));
    assert_int_equal(servers[0].messages, 0);
    assert_int_equal(servers[1].messages, 1);
}

static char large[4 * 1024 * 1024];

static void test_a_yes_in_the_middle_of_the_message_is_not_believed(void **state)
{
    (void)state;
    struct iovec pieces[] = {{large, sizeof large}, {(char[]){"\r\n.\r\n"}, 5}};
    memset(large, 'x', sizeof large);
    servers[0].script.early_final = "250 2.0.0 taken already\r\n";
    backend.server_count = 2;
    again();
    struct backend_job *job = submit(0, JOB_DELIVER, 1);
    job->pieces = pieces;
    job->piece_count = 2;
    wait_for(1);
    expect_delivered(job);
    assert_int_equal(servers[0].messages + servers[1].messages, 1);
}

static void test_a_no_in_the_middle_of_the_message_is_heard(void **state)
{
    (void)state;
    struct iovec pieces[] = {{large, sizeof large}, {(char[]){"\r\n.\r\n"}, 5}};
    servers[0].script.early_final = "552 5.3.4 too big\r\n";
    struct backend_job *job = submit(0, JOB_DELIVER, 1);
    job->pieces = pieces;
    job->piece_count = 2;
    wait_for(1);
    assert_int_equal(job->outcome, JOB_ANSWERED);
    assert_int_equal(job->final_reply.code, 552);
    settle();
    assert_int_equal(servers[0].messages, 0);
}

static void test_what_nobody_asked_for_is_no_reply_to_the_next_job(void **state)
{
    (void)state;
    servers[0].script.rset = "250 2.0.0 ok\r\n250 2.0.0 and ok\r\n";
    struct backend_job *job = run(JOB_CHECK);
    assert_int_equal(job->recipients[0].reply.kind, REPLY_YES);
    servers[0].script.rcpt = "550 5.1.1 no such user\r\n";
    job = run(JOB_CHECK);
    assert_int_equal(job->recipients[0].reply.kind, REPLY_RECIPIENT);
    assert_int_equal(servers[0].connections, 2);
}

static void test_the_second_server_is_for_when_the_first_is_down(void **state)
{
    (void)state;
    backend.server_count = 2;
    again();
    expect_delivered(run(JOB_DELIVER));
    assert_int_equal(servers[1].connections, 0);
    script_drop_all(&servers[0]);
    servers[0].script.greeting = "554 5.3.2 closed\r\n";
    settle();
    expect_delivered(run(JOB_DELIVER));
    assert_int_equal(servers[1].messages, 1);
}

static void test_an_idle_second_server_is_used_when_the_first_is_full(void **state)
{
    (void)state;
    backend.server_count = 2;
    again();
    servers[0].script.mail = SCRIPT_SILENT;
    submit(0, JOB_CHECK, 1);
    submit(1, JOB_CHECK, 1);
    settle();
    for (size_t i = 2; i < 8; i++) {
        submit(i, JOB_DELIVER, 1);
        wait_for(1);
        expect_delivered(&jobs[i]);
    }
    assert_int_equal(servers[1].messages, 6);
    assert_true(servers[1].connections <= 2);
    backends_cancel(backends, &jobs[0]);
    backends_cancel(backends, &jobs[1]);
}

static void test_all_down_is_told(void **state)
{
    (void)state;
    servers[0].script.greeting = SCRIPT_CLOSE;
    struct backend_job *job = run(JOB_DELIVER);
    assert_int_equal(job->outcome, JOB_UNREACHABLE);
    assert_non_null(job->trouble);
}

static void test_a_busy_server_is_told(void **state)
{
    (void)state;
    servers[0].script.mail = SCRIPT_SILENT;
    submit(0, JOB_CHECK, 1);
    submit(1, JOB_CHECK, 1);
    settle();
    struct backend_job *job = submit(2, JOB_CHECK, 1);
    job->deadline = clock_ms() + 50;
    wait_for(1);
    assert_int_equal(job->outcome, JOB_BUSY);
    backends_cancel(backends, &jobs[0]);
    backends_cancel(backends, &jobs[1]);
}

/* ---- cancelled ---- */

static void test_a_cancelled_job_is_not_told_and_sends_no_message(void **state)
{
    (void)state;
    submit(0, JOB_DELIVER, 1);
    backends_cancel(backends, &jobs[0]); /* waiting */
    settle();
    servers[0].script.data = SCRIPT_SILENT;
    submit(0, JOB_DELIVER, 1);
    settle();
    backends_cancel(backends, &jobs[0]); /* in the envelope */
    settle();
    assert_int_equal(done_count, 0);
    assert_int_equal(servers[0].messages, 0);
    servers[0].script.data = NULL;
    expect_delivered(run(JOB_DELIVER));
}

static void test_a_delivery_cancelled_behind_the_dot_goes_on_alone(void **state)
{
    (void)state;
    servers[0].script.final = SCRIPT_SILENT;
    backend.connections = 1;
    again();
    submit(0, JOB_DELIVER, 1);
    settle();
    assert_int_equal(servers[0].messages, 1);
    backends_cancel(backends, &jobs[0]);
    settle();
    assert_int_equal(done_count, 0);
    assert_int_equal(servers[0].open, 1);
}

static void test_an_abandoned_connection_counts_as_nobodys_hope(void **state)
{
    (void)state;
    servers[0].script.final = SCRIPT_SILENT;
    submit(0, JOB_DELIVER, 1);
    settle();
    backends_cancel(backends, &jobs[0]);
    servers[0].script.final = NULL;
    expect_delivered(run(JOB_DELIVER)); /* a second connection is opened */
    assert_int_equal(servers[0].connections, 2);
}

/* ---- TLS ---- */

static void test_tls_when_it_is_offered_and_plain_after_it_failed(void **state)
{
    (void)state;
    SSL_CTX *tls = server_context("mail.example");
    servers[0].script.ehlo = "250-hi\r\n250 STARTTLS\r\n";
    servers[0].script.tls = tls;
    expect_delivered(run(JOB_DELIVER));
    assert_true(said(&servers[0], "STARTTLS\r\n"));
    servers[0].script.starttls = "454 4.7.0 not now\r\n";
    servers[0].script.tls = NULL;
    again();
    expect_delivered(run(JOB_DELIVER));
    server_conf[0].tls = BACKEND_TLS_REQUIRED;
    again();
    assert_int_equal(run(JOB_DELIVER)->outcome, JOB_UNREACHABLE);
    SSL_CTX_free(tls);
}

static struct slice pem_of(SSL_CTX *tls, char *out, size_t room)
{
    BIO *pem = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(pem, SSL_CTX_get0_certificate(tls));
    int n = BIO_read(pem, out, (int)room);
    BIO_free(pem);
    return (struct slice){out, (size_t)n};
}

static void test_verify_wants_the_name_or_the_address(void **state)
{
    (void)state;
    static const struct {
        struct slice name;
        enum job_outcome outcome;
    } cases[] = {
        {SLICE("mail.example"), JOB_ANSWERED},
        {SLICE("other.example"), JOB_UNREACHABLE},
        {SLICE(""), JOB_UNREACHABLE}, /* then the address must be in the certificate */
    };
    char pem[4096];
    SSL_CTX *tls = server_context("mail.example");
    struct slice ca = pem_of(tls, pem, sizeof pem);
    servers[0].script.ehlo = "250-hi\r\n250 STARTTLS\r\n";
    servers[0].script.tls = tls;
    server_conf[0].tls = BACKEND_TLS_VERIFY;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        server_conf[0].tls_name = cases[i].name;
        backends_free(&backends);
        backends = backends_new(base, &config, ca, shared, row, 1);
        assert_int_equal(run(JOB_DELIVER)->outcome, cases[i].outcome);
    }
    again(); /* trusts nobody */
    server_conf[0].tls_name = cases[0].name;
    assert_int_equal(run(JOB_DELIVER)->outcome, JOB_UNREACHABLE);
    assert_int_equal(servers[0].messages, 1);
    SSL_CTX_free(tls);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_connection_serves_job_after_job),
        TEST(test_no_more_connections_than_allowed),
        TEST(test_replies_may_come_byte_by_byte),
        TEST(test_a_server_without_pipelining_gets_one_command_a_time),
        TEST(test_helo_after_ehlo_is_refused),
        TEST(test_many_recipients_go_in_steps),
        TEST(test_only_what_is_offered_is_asked_for),
        TEST(test_a_stale_connection_is_tried_anew),
        TEST(test_all_stale_connections_are_given_up_at_once),
        TEST(test_421_before_the_body_is_tried_anew),
        TEST(test_421_after_the_dot_is_a_tempfail_and_no_retry),
        TEST(test_lost_after_the_dot_is_in_doubt_and_never_tried_anew),
        TEST(test_silence_after_the_dot_is_in_doubt),
        TEST(test_silence_in_the_envelope_ends_with_the_job),
        TEST(test_refused_recipients_leave_no_message_and_a_usable_connection),
        TEST(test_354_without_recipients_begins_no_message),
        TEST(test_a_yes_before_the_message_is_not_believed),
        TEST(test_a_yes_in_the_middle_of_the_message_is_not_believed),
        TEST(test_a_no_in_the_middle_of_the_message_is_heard),
        TEST(test_what_nobody_asked_for_is_no_reply_to_the_next_job),
        TEST(test_the_second_server_is_for_when_the_first_is_down),
        TEST(test_an_idle_second_server_is_used_when_the_first_is_full),
        TEST(test_all_down_is_told),
        TEST(test_a_busy_server_is_told),
        TEST(test_a_cancelled_job_is_not_told_and_sends_no_message),
        TEST(test_a_delivery_cancelled_behind_the_dot_goes_on_alone),
        TEST(test_an_abandoned_connection_counts_as_nobodys_hope),
        TEST(test_tls_when_it_is_offered_and_plain_after_it_failed),
        TEST(test_verify_wants_the_name_or_the_address),
    };
    signal(SIGPIPE, SIG_IGN);
    log_open("test", SINK_STDERR, LEVEL_PANIC);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
