/* SPDX-License-Identifier: ISC */
#include "tests/harness/certificate.h"
#include "tests/harness/unit.h"
#include "tests/proxy/smtp/smtp_pool_fixture.h"

TEST(test_a_connection_serves_job_after_job)
{
    struct smtp_job *job = run(JOB_CHECK);
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

TEST(test_no_more_connections_than_allowed)
{
    for (size_t i = 0; i < JOBS; i++)
        submit(i, JOB_DELIVER, 1);
    wait_for(JOBS);
    for (size_t i = 0; i < JOBS; i++)
        expect_delivered(&jobs[i]);
    assert_int_equal(servers[0].connections, 2);
    assert_int_equal(servers[0].messages, JOBS);
}

TEST(test_replies_may_come_byte_by_byte)
{
    servers[0].script.trickle = true;
    expect_delivered(run(JOB_DELIVER));
    servers[0].script.rcpt = "550-5.1.1 no\r\n550 5.1.1 such user\r\n";
    struct smtp_job *job = run(JOB_CHECK);
    assert_int_equal(job->recipients[0].reply.kind, REPLY_RECIPIENT);
    assert_true(slice_eq(job->recipients[0].reply.enhanced, SLICE("5.1.1")));
}

TEST(test_a_server_without_pipelining_gets_one_command_a_time)
{
    servers[0].script.ehlo = "250 hi\r\n";
    submit(0, JOB_DELIVER, 5);
    wait_for(1);
    expect_delivered(&jobs[0]);
    servers[0].script.mail = "450 4.3.0 later\r\n";
    struct smtp_job *job = run(JOB_CHECK);
    assert_int_equal(job->mail_reply.kind, REPLY_LATER);
}

TEST(test_helo_after_ehlo_is_refused)
{
    servers[0].script.ehlo = "502 what\r\n";
    expect_delivered(run(JOB_DELIVER));
    assert_true(said(&servers[0], "HELO gate.example\r\n"));
}

TEST(test_many_recipients_go_in_steps)
{
    submit(0, JOB_DELIVER, 300);
    wait_for(1);
    expect_delivered(&jobs[0]);
    assert_int_equal(servers[0].recipients, 300);
}

TEST(test_only_what_is_offered_is_asked_for)
{
    const struct smtp_mail_params mail = {
        .utf8 = true, .body = SMTP_BODY_8BITMIME, .ret = SLICE("HDRS"), .envid = SLICE("id1")};
    const struct listener leaving = {.relay = &backend};
    for (int offered = 0; offered < 2; offered++) {
        buf_clear(&servers[0].commands);
        servers[0].script.ehlo =
            offered ? "250-hi\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 SIZE\r\n" : NULL;
        again();
        recipients[0][0] = (struct job_recipient){.address = SLICE("user@example.com"),
                                                  .params = {SLICE("NEVER"), SLICE("rfc822;x")}};
        jobs[0] = (struct smtp_job){.kind = JOB_CHECK,
                                    .id = "s1",
                                    .backend = &backend,
                                    .arena = arena,
                                    .deadline = clock_ms() + 5000,
                                    .done = done,
                                    .mail = mail,
                                    .recipients = recipients[0],
                                    .recipient_count = 1};
        smtp_pools_submit(backends, &jobs[0]);
        wait_for(1);
        assert_int_equal(
            said(&servers[0], "MAIL FROM:<> BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=id1\r\n"),
            offered);
        assert_int_equal(
            said(&servers[0], "RCPT TO:<user@example.com> NOTIFY=NEVER ORCPT=rfc822;x\r\n"),
            offered);
        assert_int_equal(said(&servers[0], "MAIL FROM:<>\r\n"), !offered);
        struct smtp_capabilities can = smtp_pools_common(backends, &leaving);
        assert_int_equal(can.eight_bit && can.utf8 && can.dsn, offered);
    }
}

/* ---- TLS ---- */

TEST(test_tls_when_it_is_offered_and_plain_after_it_failed)
{
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

TEST(test_verify_wants_the_name_or_the_address)
{
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
        smtp_pools_free(&backends);
        backends = smtp_pools_new(base, &config, ca, shared, row, 1);
        assert_int_equal(run(JOB_DELIVER)->outcome, cases[i].outcome);
    }
    again(); /* trusts nobody */
    server_conf[0].tls_name = cases[0].name;
    assert_int_equal(run(JOB_DELIVER)->outcome, JOB_UNREACHABLE);
    assert_int_equal(servers[0].messages, 1);
    SSL_CTX_free(tls);
}
