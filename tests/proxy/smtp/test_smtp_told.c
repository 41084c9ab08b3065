/* SPDX-License-Identifier: ISC
 * A connection of one session whose server is told of the client by XCLIENT: before its first job, and again only when
 * there is more to be told. */
#include "tests/proxy/smtp/smtp_pool_fixture.h"

#include "proxy/smtp/smtp_private.h"

#define OFFERS "250-hi\r\n250-PIPELINING\r\n250 XCLIENT ADDR HELO\r\n"
#define ANN "XCLIENT ADDR=192.0.2.1 HELO=ann.example\r\n"
#define ANNS "EHLO ann.example\r\n"
#define BEGUN "EHLO gate.example\r\n"
#define CHECK "MAIL FROM:<sender@example.org>\r\nRCPT TO:<user@example.com>\r\nRSET\r\n"
#define NOT_AUTHORISED "550 5.7.0 Error: insufficient authorization\r\n"

static struct told_client ann;
static struct smtp_private *own;

static void over(void *owner, bool early, const char *trouble)
{
    (void)owner, (void)early, (void)trouble;
    own = NULL;
}

static const struct smtp_private_owner hears = {.over = over};

static void by(enum client_by how)
{
    ann = (struct told_client){.helo = SLICE("ann.example")};
    assert_true(ip_parse(SLICE("192.0.2.1"), &ann.ip));
    server_conf[0].client_by = how;
    config.settings.limits_sessions = 10;
    servers[0].script.ehlo = OFFERS;
    again();
    own = NULL;
}

/* On the connection that there is, or another. */
static struct smtp_job *ask(enum job_kind kind, const struct told_client *client)
{
    const struct smtp_private_wish wish = {
        .backend = &backend, .client.connection = -1, .hears = &hears, .owner = &own};
    const char *reason;
    uint64_t tried = 0;
    struct smtp_job *job = prepare(0, kind, 1);
    job->client = client;
    if (!own)
        own = smtp_private_open(backends, &wish, &tried, &reason);
    assert_non_null(own);
    smtp_private_submit(own, job);
    wait_for(1);
    return job;
}

static struct smtp_job *check_for(const struct told_client *client)
{
    struct smtp_job *job = ask(JOB_CHECK, client);
    assert_int_equal(job->outcome, JOB_ANSWERED);
    return job;
}

static void expect_said(const char *expected)
{
    settle();
    struct slice all = buf_slice(&servers[0].commands);
    if (!slice_eq(all, slice_of(expected)))
        fail_msg("said %.*s", SLICE_ARGS(all));
    assert_int_equal(servers[0].connections, 1);
}

TEST(test_the_client_is_told_before_the_first_job_and_once)
{
    by(CLIENT_BY_XCLIENT);
    check_for(&ann);
    check_for(&ann);
    expect_delivered(ask(JOB_DELIVER, &ann));
    settle();
    assert_true(
        slice_starts(buf_slice(&servers[0].commands), SLICE(BEGUN ANN ANNS CHECK CHECK "MAIL")));
}

TEST(test_what_is_known_later_is_told_later)
{
    by(CLIENT_BY_XCLIENT);
    check_for(&ann);
    ann.helo = SLICE("other.example");
    check_for(&ann);
    expect_said(BEGUN ANN ANNS CHECK "XCLIENT ADDR=192.0.2.1 HELO=other.example\r\n"
                                     "EHLO other.example\r\n" CHECK);
}

TEST(test_who_is_taken_for_the_client_need_not_be_let_tell_more)
{
    by(CLIENT_BY_XCLIENT);
    check_for(&ann);
    servers[0].script.xclient = NOT_AUTHORISED;
    ann.helo = SLICE("other.example");
    check_for(&ann);
    expect_said(BEGUN ANN ANNS CHECK "XCLIENT ADDR=192.0.2.1 HELO=other.example\r\n" CHECK);
}

TEST(test_a_job_without_a_client_is_the_gateways_own)
{
    by(CLIENT_BY_XCLIENT);
    check_for(NULL);
    expect_said(BEGUN CHECK);
}

TEST(test_nothing_is_told_where_that_is_not_configured)
{
    by(CLIENT_BY_NOTHING);
    check_for(&ann);
    expect_said(BEGUN CHECK);
}

TEST(test_a_name_that_cannot_be_said_is_told_and_not_said)
{
    by(CLIENT_BY_XCLIENT);
    ann.helo = SLICE("a b\r\nQUIT");
    check_for(&ann);
    expect_said(BEGUN "XCLIENT ADDR=192.0.2.1 HELO=a+20b+0D+0AQUIT\r\n" BEGUN CHECK);
}

TEST(test_a_delivery_goes_on_where_xclient_is_not_offered)
{
    by(CLIENT_BY_XCLIENT);
    servers[0].script.ehlo = NULL;
    expect_delivered(ask(JOB_DELIVER, &ann));
    assert_false(said(&servers[0], "XCLIENT"));
}

TEST(test_who_may_not_tell_goes_on_without_and_tells_no_more)
{
    by(CLIENT_BY_XCLIENT);
    servers[0].script.xclient = NOT_AUTHORISED;
    check_for(&ann);
    check_for(&ann);
    expect_said(BEGUN ANN CHECK CHECK);
}

TEST(test_who_closes_at_xclient_has_nothing)
{
    by(CLIENT_BY_XCLIENT);
    servers[0].script.xclient = SCRIPT_CLOSE;
    assert_int_equal(ask(JOB_DELIVER, &ann)->outcome, JOB_UNREACHABLE);
    servers[0].script.xclient = "421 4.3.2 later\r\n";
    assert_int_equal(ask(JOB_DELIVER, &ann)->outcome, JOB_UNREACHABLE);
    assert_int_equal(servers[0].mails, 0);
}

TEST(test_who_closes_at_the_second_ehlo_is_not_down_for_others)
{
    by(CLIENT_BY_XCLIENT);
    check_for(NULL);
    servers[0].script.ehlo = SCRIPT_CLOSE;
    assert_int_equal(ask(JOB_CHECK, &ann)->outcome, JOB_UNREACHABLE);
    servers[0].script.ehlo = OFFERS;
    expect_delivered(run(JOB_DELIVER));
}

TEST(test_an_answer_too_many_is_not_taken_for_that_to_mail)
{
    by(CLIENT_BY_XCLIENT);
    servers[0].script.xclient = "220 hi\r\n250 2.1.0 ok\r\n";
    assert_int_equal(ask(JOB_CHECK, &ann)->outcome, JOB_UNREACHABLE);
    assert_int_equal(servers[0].mails, 0);
}

TEST(test_what_the_server_refuses_of_a_client_is_his_matter)
{
    by(CLIENT_BY_XCLIENT);
    servers[0].script.rcpt = "554 5.7.1 Client host rejected\r\n";
    assert_int_equal(check_for(NULL)->recipients[0].reply.kind, REPLY_OURS);
    assert_int_equal(check_for(&ann)->recipients[0].reply.kind, REPLY_SENDER);
}
