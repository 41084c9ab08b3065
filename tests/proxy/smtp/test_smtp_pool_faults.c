/* SPDX-License-Identifier: ISC */
#include "tests/harness/unit.h"
#include "tests/proxy/smtp/smtp_pool_fixture.h"

TEST(test_a_stale_connection_is_tried_anew)
{
    run(JOB_CHECK);
    servers[0].script.close_mails = 1;
    expect_delivered(run(JOB_DELIVER));
    assert_int_equal(servers[0].connections, 2);
    assert_int_equal(servers[0].messages, 1);
}

TEST(test_all_stale_connections_are_given_up_at_once)
{
    submit(0, JOB_CHECK, 1);
    submit(1, JOB_CHECK, 1);
    wait_for(2);
    assert_int_equal(servers[0].connections, 2);
    servers[0].script.close_mails = 1;
    expect_delivered(run(JOB_DELIVER));
    assert_int_equal(servers[0].connections, 3);
    assert_int_equal(servers[0].open, 1);
}

TEST(test_421_before_the_body_is_tried_anew)
{
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

/* The second one's connection is ready first. */
TEST(test_a_job_waits_for_the_first_server_and_goes_to_the_second_when_that_fails)
{
    config.settings.timeouts_backend = 300;
    servers[0].script.greeting = SCRIPT_SILENT;
    backend.server_count = 2;
    again();
    struct smtp_job *job = submit(0, JOB_DELIVER, 1);
    smtp_pools_probe(backends, false);
    settle();
    assert_true(said(&servers[1], "EHLO"));
    assert_false(said(&servers[1], "MAIL"));
    wait_for(1);
    expect_delivered(job);
    assert_int_equal(servers[1].messages, 1);
}

TEST(test_421_after_the_dot_is_a_tempfail_and_no_retry)
{
    servers[0].script.final = "421 4.3.2 closing\r\n";
    struct smtp_job *job = run(JOB_DELIVER);
    assert_int_equal(job->outcome, JOB_ANSWERED);
    assert_int_equal(job->final_reply.kind, REPLY_LATER);
    assert_int_equal(job->final_reply.code, 451); /* our own client's session goes on */
    settle();
    assert_int_equal(servers[0].messages, 1);
}

TEST(test_lost_after_the_dot_is_in_doubt_and_never_tried_anew)
{
    servers[0].script.final = SCRIPT_CLOSE;
    backend.server_count = 2;
    again();
    struct smtp_job *job = run(JOB_DELIVER);
    assert_int_equal(job->outcome, JOB_IN_DOUBT);
    settle();
    assert_int_equal(servers[0].messages, 1);
    assert_int_equal(servers[1].messages, 0);
}

TEST(test_silence_after_the_dot_is_in_doubt)
{
    servers[0].script.final = SCRIPT_SILENT;
    struct smtp_job *job = submit(0, JOB_DELIVER, 1);
    job->deadline = clock_ms() + 500;
    wait_for(1);
    assert_int_equal(job->outcome, JOB_IN_DOUBT);
}

TEST(test_silence_in_the_envelope_ends_with_the_job)
{
    servers[0].script.rcpt = SCRIPT_SILENT;
    int64_t begun = clock_ms();
    struct smtp_job *job = submit(0, JOB_DELIVER, 1);
    job->deadline = begun + 100;
    wait_for(1);
    assert_int_equal(job->outcome, JOB_UNREACHABLE);
    assert_true(clock_ms() - begun < 4000); /* not a whole reply's time-out */
    assert_int_equal(servers[0].messages, 0);
}

TEST(test_refused_recipients_leave_no_message_and_a_usable_connection)
{
    servers[0].script.rcpt = "550 5.1.1 no such user\r\n";
    servers[0].script.data = "554 5.5.1 no valid recipients\r\n";
    struct smtp_job *job = run(JOB_DELIVER);
    assert_int_equal(job->outcome, JOB_ANSWERED);
    assert_int_equal(job->recipients[0].reply.kind, REPLY_RECIPIENT);
    servers[0].script = (struct script){0};
    expect_delivered(run(JOB_DELIVER));
    assert_int_equal(servers[0].connections, 1);
    assert_int_equal(servers[0].messages, 1);
}

TEST(test_354_without_recipients_begins_no_message)
{
    servers[0].script.rcpt = "550 5.1.1 no such user\r\n";
    struct smtp_job *job = run(JOB_DELIVER);
    assert_int_equal(job->outcome, JOB_ANSWERED);
    assert_int_equal(job->recipients[0].reply.kind, REPLY_RECIPIENT);
    settle();
    assert_int_equal(servers[0].messages, 0);
    assert_int_equal(servers[0].open, 0);
}

TEST(test_a_yes_before_the_message_is_not_believed)
{
    servers[0].script.data = "354 go\r\n250 2.0.0 taken already\r\n";
    backend.server_count = 2;
    again();
    expect_delivered(run(JOB_DELIVER));
    assert_int_equal(servers[0].messages, 0);
    assert_int_equal(servers[1].messages, 1);
}

static char large[12 * 1024 * 1024]; /* more than all buffers between two sockets hold */

TEST(test_a_yes_in_the_middle_of_the_message_is_not_believed)
{
    struct iovec pieces[] = {{large, sizeof large}, {(char[]){"\r\n.\r\n"}, 5}};
    memset(large, 'x', sizeof large);
    servers[0].script.early_final = "250 2.0.0 taken already\r\n";
    backend.server_count = 2;
    again();
    struct smtp_job *job = submit(0, JOB_DELIVER, 1);
    job->pieces = pieces;
    job->piece_count = 2;
    wait_for(1);
    expect_delivered(job);
    assert_int_equal(servers[0].messages + servers[1].messages, 1);
}

TEST(test_a_no_in_the_middle_of_the_message_is_heard)
{
    struct iovec pieces[] = {{large, sizeof large}, {(char[]){"\r\n.\r\n"}, 5}};
    servers[0].script.early_final = "552 5.3.4 too big\r\n";
    struct smtp_job *job = submit(0, JOB_DELIVER, 1);
    job->pieces = pieces;
    job->piece_count = 2;
    wait_for(1);
    assert_int_equal(job->outcome, JOB_ANSWERED);
    assert_int_equal(job->final_reply.code, 552);
    settle();
    assert_int_equal(servers[0].messages, 0);
}

TEST(test_what_nobody_asked_for_is_no_reply_to_the_next_job)
{
    servers[0].script.rset = "250 2.0.0 ok\r\n250 2.0.0 and ok\r\n";
    struct smtp_job *job = run(JOB_CHECK);
    assert_int_equal(job->recipients[0].reply.kind, REPLY_YES);
    servers[0].script.rcpt = "550 5.1.1 no such user\r\n";
    job = run(JOB_CHECK);
    assert_int_equal(job->recipients[0].reply.kind, REPLY_RECIPIENT);
    assert_int_equal(servers[0].connections, 2);
}

TEST(test_the_second_server_is_for_when_the_first_is_down)
{
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

TEST(test_an_idle_second_server_is_used_when_the_first_is_full)
{
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
    smtp_pools_cancel(backends, &jobs[0]);
    smtp_pools_cancel(backends, &jobs[1]);
}

TEST(test_all_down_is_told)
{
    servers[0].script.greeting = SCRIPT_CLOSE;
    struct smtp_job *job = run(JOB_DELIVER);
    assert_int_equal(job->outcome, JOB_UNREACHABLE);
    assert_non_null(job->trouble);
}

TEST(test_a_busy_server_is_told)
{
    servers[0].script.mail = SCRIPT_SILENT;
    submit(0, JOB_CHECK, 1);
    submit(1, JOB_CHECK, 1);
    settle();
    struct smtp_job *job = submit(2, JOB_CHECK, 1);
    job->deadline = clock_ms() + 50;
    wait_for(1);
    assert_int_equal(job->outcome, JOB_BUSY);
    smtp_pools_cancel(backends, &jobs[0]);
    smtp_pools_cancel(backends, &jobs[1]);
}

/* ---- cancelled ---- */

TEST(test_a_cancelled_job_is_not_told_and_sends_no_message)
{
    submit(0, JOB_DELIVER, 1);
    smtp_pools_cancel(backends, &jobs[0]); /* waiting */
    settle();
    servers[0].script.data = SCRIPT_SILENT;
    submit(0, JOB_DELIVER, 1);
    settle();
    smtp_pools_cancel(backends, &jobs[0]); /* in the envelope */
    settle();
    assert_int_equal(done_count, 0);
    assert_int_equal(servers[0].messages, 0);
    servers[0].script.data = NULL;
    expect_delivered(run(JOB_DELIVER));
}

TEST(test_a_delivery_cancelled_behind_the_dot_goes_on_alone)
{
    servers[0].script.final = SCRIPT_SILENT;
    backend.connections = 1;
    again();
    submit(0, JOB_DELIVER, 1);
    settle();
    assert_int_equal(servers[0].messages, 1);
    smtp_pools_cancel(backends, &jobs[0]);
    settle();
    assert_int_equal(done_count, 0);
    assert_int_equal(servers[0].open, 1);
}

TEST(test_an_abandoned_connection_counts_as_nobodys_hope)
{
    servers[0].script.final = SCRIPT_SILENT;
    submit(0, JOB_DELIVER, 1);
    settle();
    smtp_pools_cancel(backends, &jobs[0]);
    servers[0].script.final = NULL;
    expect_delivered(run(JOB_DELIVER)); /* a second connection is opened */
    assert_int_equal(servers[0].connections, 2);
}
