/* SPDX-License-Identifier: ISC
 * LMTP to a scripted server: what its several replies to one message come to. */
#include "tests/proxy/smtp/smtp_pool_fixture.h"

static struct smtp_job *deliver(const char *final, size_t count)
{
    server_conf[0].lmtp = true;
    servers[0].script.final = final;
    again();
    submit(0, JOB_DELIVER, count);
    wait_for(1);
    return &jobs[0];
}

static unsigned code(size_t i)
{
    return recipients[0][i].reply.code;
}

TEST(test_it_is_greeted_with_lhlo_and_each_recipient_has_his_reply)
{
    struct smtp_job *job = deliver("250 2.0.0 one\r\n552 5.2.2 full\r\n450 4.2.0 busy\r\n", 3);
    assert_int_equal(job->outcome, JOB_ANSWERED);
    assert_true(job->each && said(&servers[0], "LHLO gate.example\r\n"));
    assert_false(said(&servers[0], "EHLO"));
    assert_int_equal(code(0), 250);
    assert_int_equal(code(1), 552);
    assert_int_equal(code(2), 450);
    assert_int_equal(recipients[0][0].reply.kind, REPLY_YES);
    assert_int_equal(recipients[0][1].reply.kind, REPLY_SENDER);
    assert_int_equal(recipients[0][2].reply.kind, REPLY_LATER);
}

TEST(test_a_connection_serves_the_next_job_and_a_check)
{
    expect_delivered(deliver("250 2.0.0 one\r\n250 2.0.0 two\r\n", 2));
    struct smtp_job *job = run(JOB_CHECK);
    assert_int_equal(job->recipients[0].reply.kind, REPLY_YES);
    assert_false(job->each);
    servers[0].script.final = "250 2.0.0 one\r\n";
    expect_delivered(run(JOB_DELIVER));
    assert_int_equal(servers[0].connections, 1);
    assert_int_equal(servers[0].resets, 1);
}

TEST(test_replies_may_come_byte_by_byte)
{
    servers[0].script.trickle = true;
    expect_delivered(deliver("250-2.0.0 one\r\n250 2.0.0 more\r\n250 2.0.0 two\r\n", 2));
    assert_int_equal(code(1), 250);
}

TEST(test_one_reply_too_many_ends_the_connection_and_spoils_nothing)
{
    expect_delivered(deliver("250 2.0.0 one\r\n250 2.0.0 two\r\n250 what\r\n", 2));
    servers[0].script.final = "550 5.2.1 no\r\n";
    struct smtp_job *job = run(JOB_DELIVER);
    assert_int_equal(job->recipients[0].reply.code, 550);
    assert_int_equal(servers[0].connections, 2);
}

TEST(test_who_has_no_reply_is_in_doubt)
{
    server_conf[0].lmtp = true;
    servers[0].script.final = "250 2.0.0 one\r\n552 5.2.2 full\r\n";
    again();
    submit(1, JOB_DELIVER, 3);
    jobs[1].deadline = clock_ms() + 500;
    wait_for(1);
    assert_int_equal(jobs[1].outcome, JOB_IN_DOUBT);
    assert_true(jobs[1].each);
    assert_int_equal(recipients[1][0].reply.code, 250);
    assert_int_equal(recipients[1][1].reply.code, 552);
    assert_int_equal(recipients[1][2].reply.code, 0);
}

TEST(test_a_yes_before_the_message_is_there_is_none)
{
    static char large[4 << 20];
    static struct iovec pieces[] = {{large, sizeof large}, {body, sizeof body - 1}};
    memset(large, 'x', sizeof large);
    server_conf[0].lmtp = true;
    servers[0].script.early_final = "250 2.0.0 one\r\n";
    servers[0].script.final = SCRIPT_SILENT;
    again();
    submit(0, JOB_DELIVER, 2);
    jobs[0].pieces = pieces;
    jobs[0].piece_count = 2;
    jobs[0].deadline = clock_ms() + 500;
    wait_for(1);
    assert_int_not_equal(jobs[0].outcome, JOB_ANSWERED);
}

TEST(test_lhlo_refused_is_no_reason_for_helo)
{
    servers[0].script.ehlo = "502 what\r\n";
    assert_int_equal(deliver(NULL, 1)->outcome, JOB_UNREACHABLE);
    assert_false(said(&servers[0], "HELO"));
}

TEST(test_refused_at_rcpt_no_message_is_begun)
{
    servers[0].script.rcpt = "550 5.1.1 no\r\n";
    struct smtp_job *job = deliver(NULL, 2);
    assert_int_equal(job->outcome, JOB_ANSWERED);
    assert_false(job->each);
    assert_int_equal(code(1), 550);
    assert_int_equal(servers[0].messages, 0);
}
