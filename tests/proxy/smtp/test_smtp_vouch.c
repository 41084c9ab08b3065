/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_vouch.h"
#include "tests/harness/shared_table.h"

enum { SERVER = 3, OTHER = 4 };

SHARED_TESTS;

static const struct backend_reply yes = {.kind = REPLY_YES, .code = 250};
static const struct backend_reply unclear = {.kind = REPLY_UNCLEAR, .code = 550};

static struct job_recipient to(const char *address, struct backend_reply reply)
{
    return (struct job_recipient){.address = slice_of(address), .reply = reply};
}

static void judge(unsigned server, struct job_recipient *recipients, size_t count)
{
    struct smtp_job job = {.sender = SLICE("a@client.example"),
                           .mail_reply = yes,
                           .recipients = recipients,
                           .recipient_count = count};
    smtp_vouch(shared, server, &job);
}

/* What becomes of bob's refusal. */
static enum reply_class refused(unsigned server, const char *bob)
{
    struct job_recipient one = to(bob, unclear);
    judge(server, &one, 1);
    return one.reply.kind;
}

static void taken(unsigned server, const char *alice)
{
    struct job_recipient one = to(alice, yes);
    judge(server, &one, 1);
    assert_int_equal(one.reply.kind, REPLY_YES);
}

static enum reply_class sender_refused(struct slice sender, struct backend_reply reply)
{
    struct smtp_job job = {.sender = sender, .mail_reply = reply};
    smtp_vouch(shared, SERVER, &job);
    return job.mail_reply.kind;
}

TEST(test_who_is_refused_alone_is_refused_for_himself)
{
    struct job_recipient both[] = {to("bob@example.com", unclear), to("alice@example.com", yes)};
    judge(SERVER, both, 2);
    assert_int_equal(both[0].reply.kind, REPLY_RECIPIENT);
    assert_int_equal(both[1].reply.kind, REPLY_YES);
}

TEST(test_where_all_are_refused_it_is_about_us)
{
    struct job_recipient both[] = {to("bob@example.com", unclear), to("carl@example.com", unclear)};
    judge(SERVER, both, 2);
    assert_int_equal(both[0].reply.kind, REPLY_OURS);
    assert_int_equal(both[1].reply.kind, REPLY_OURS);
}

TEST(test_who_was_taken_lately_vouches_for_his_domain_at_his_server)
{
    taken(SERVER, "alice@Example.com");
    assert_int_equal(refused(SERVER, "bob@example.COM"), REPLY_RECIPIENT);
    assert_int_equal(refused(SERVER, "bob@example.org"), REPLY_OURS);
    assert_int_equal(refused(OTHER, "bob@example.com"), REPLY_OURS);
}

TEST(test_a_yes_vouches_for_so_many_refusals_and_the_next_yes_again)
{
    taken(SERVER, "alice@example.com");
    for (int i = 0; i < VOUCH_REFUSALS; i++)
        assert_int_equal(refused(SERVER, "bob@example.com"), REPLY_RECIPIENT);
    assert_int_equal(refused(SERVER, "bob@example.com"), REPLY_OURS);
    taken(SERVER, "alice@example.com");
    assert_int_equal(refused(SERVER, "bob@example.com"), REPLY_RECIPIENT);
}

TEST(test_other_senders_vouch_for_a_sender_but_not_the_null_sender)
{
    assert_int_equal(sender_refused(SLICE("b@client.example"), unclear), REPLY_OURS);
    sender_refused(SLICE(""), yes);
    assert_int_equal(sender_refused(SLICE("b@client.example"), unclear), REPLY_OURS);
    sender_refused(SLICE("a@client.example"), yes);
    assert_int_equal(sender_refused(SLICE("b@client.example"), unclear), REPLY_SENDER);
}

TEST(test_who_was_not_asked_vouches_for_nobody)
{
    struct job_recipient both[] = {to("bob@example.com", unclear),
                                   to("alice@example.com", (struct backend_reply){.code = 0})};
    judge(SERVER, both, 2);
    assert_int_equal(both[0].reply.kind, REPLY_OURS);
    assert_int_equal(both[1].reply.code, 0);
}

TEST(test_other_replies_stay_what_they_are)
{
    struct job_recipient all[] = {
        to("alice@example.com", yes),
        to("bob@example.com", (struct backend_reply){.kind = REPLY_OURS, .code = 503}),
        to("carl@example.com", (struct backend_reply){.kind = REPLY_LATER, .code = 450}),
        to("long", unclear),
    };
    judge(SERVER, all, 4);
    assert_int_equal(all[1].reply.kind, REPLY_OURS);
    assert_int_equal(all[2].reply.kind, REPLY_LATER);
    assert_int_equal(all[3].reply.kind, REPLY_OURS);
}
