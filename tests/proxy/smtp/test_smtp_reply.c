/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_reply.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

TEST(test_good_replies_whole_and_byte_by_byte)
{
    static const struct {
        const char *bytes;
        unsigned code;
        const char *enhanced, *text;
        size_t used;
    } cases[] = {
        {"250 ok\r\n", 250, "", "ok", 8},
        {"250\r\n", 250, "", "", 5},
        {"250 \r\n", 250, "", "", 6},
        {"250 ok\n550 x\r\n", 250, "", "ok", 7}, /* bare LF: many servers */
        {"550 5.1.1 no such user\r\nrest", 550, "5.1.1", "no such user", 24},
        {"550 5.1.1\r\n", 550, "5.1.1", "", 11},
        {"550 5.7.999 x\r\n", 550, "5.7.999", "x", 15},
        {"550 5.7.1234 x\r\n", 550, "", "5.7.1234 x", 16},
        {"550 4.7.1 x\r\n", 550, "", "4.7.1 x", 13}, /* another class: not believed */
        {"550 5.1 x\r\n", 550, "", "5.1 x", 11},
        {"550 5..1 x\r\n", 550, "", "5..1 x", 12},
        {"250-first\r\n250-SIZE 1\r\n250 2.0.0 last\r\n", 250, "2.0.0", "last", 39},
        {"354 go\r\n", 354, "", "go", 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice bytes = slice_of(cases[i].bytes);
        struct smtp_reply reply;
        size_t used = 0;
        for (size_t n = 0; n < cases[i].used; n++)
            assert_int_equal(smtp_reply(slice_sub(bytes, 0, n), &reply, &used), 0);
        for (size_t n = cases[i].used; n <= bytes.len; n++) {
            assert_int_equal(smtp_reply(slice_sub(bytes, 0, n), &reply, &used), 1);
            assert_int_equal(used, cases[i].used);
            assert_int_equal(reply.code, cases[i].code);
            assert_true(slice_eq(reply.enhanced, slice_of(cases[i].enhanced)));
            assert_true(slice_eq(reply.text, slice_of(cases[i].text)));
            assert_int_equal(reply.raw.len, used);
        }
    }
}

TEST(test_what_is_no_reply)
{
    static const char *const cases[] = {
        "\r\n",           "25\r\n",     "hello\r\n", "150 x\r\n",
        "650 x\r\n",      "2x0 x\r\n",  "250x\r\n",  "250-a\r\n550 b\r\n",
        "250-a\r\nb\r\n", " 250 x\r\n", "\xff\r\n",  "2500\r\n",
    };
    struct smtp_reply reply;
    size_t used = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (smtp_reply(slice_of(cases[i]), &reply, &used) != -1)
            fail_msg("taken: %s", cases[i]);
}

TEST(test_replies_are_bounded)
{
    static char text[SMTP_REPLY_MAX];
    struct smtp_reply reply;
    size_t used = 0;
    memset(text, 'x', sizeof text);
    memcpy(text, "250 ", 4);
    assert_int_equal(smtp_reply((struct slice){text, SMTP_REPLY_LINE_MAX}, &reply, &used), 0);
    assert_int_equal(smtp_reply((struct slice){text, SMTP_REPLY_LINE_MAX + 1}, &reply, &used), -1);
    for (size_t i = 0; i + 10 <= sizeof text; i += 10)
        memcpy(text + i, "250-abcd\r\n", 10);
    assert_int_equal(smtp_reply((struct slice){text, 990}, &reply, &used), 0);
    assert_int_equal(smtp_reply((struct slice){text, 1000}, &reply, &used), -1);
}

TEST(test_lines_of_a_reply)
{
    struct smtp_reply reply;
    size_t used, at = 0;
    struct slice line;
    assert_int_equal(smtp_reply(SLICE("250-a b\r\n250-\r\n250 SIZE 5\r\n"), &reply, &used), 1);
    assert_true(smtp_reply_line(&reply, &at, &line) && slice_eq(line, SLICE("a b")));
    assert_true(smtp_reply_line(&reply, &at, &line) && line.len == 0);
    assert_true(smtp_reply_line(&reply, &at, &line) && slice_eq(line, SLICE("SIZE 5")));
    assert_false(smtp_reply_line(&reply, &at, &line));
}

/* What a server says when. */
struct said {
    enum reply_stage stage;
    const char *reply;
};

static void assert_class(const struct said *said, enum reply_class kind)
{
    char bytes[200];
    struct smtp_reply reply;
    size_t used;
    int len = snprintf(bytes, sizeof bytes, "%s\r\n", said->reply);
    assert_int_equal(smtp_reply((struct slice){bytes, (size_t)len}, &reply, &used), 1);
    if (smtp_reply_class(said->stage, &reply) != kind)
        fail_msg("stage %d: %s", said->stage, said->reply);
}

static void assert_all_are(enum reply_class kind, const struct said *said, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_class(&said[i], kind);
}

#define ASSERT_ALL_ARE(kind, said) assert_all_are(kind, said, sizeof(said) / sizeof *(said))

TEST(test_each_stage_has_its_yes)
{
    static const struct said said[] = {
        {STAGE_MAIL, "250 2.1.0 ok"},
        {STAGE_RCPT, "251 will forward"},
        {STAGE_DATA, "354 go"},
    };
    ASSERT_ALL_ARE(REPLY_YES, said);
}

TEST(test_a_reply_out_of_turn_or_about_syntax_is_our_matter)
{
    static const struct said said[] = {
        {STAGE_DATA, "250 what"},
        {STAGE_DATA, "334 what"},
        {STAGE_BODY, "354 again"},
        {STAGE_MAIL, "354 early"},
        {STAGE_BODY, "501 5.5.4 syntax"},
        {STAGE_BODY, "503 5.5.1 bad sequence"},
        {STAGE_BODY, "502 5.5.1 not implemented"},
        {STAGE_MAIL, "503 bad sequence"},
        {STAGE_MAIL, "555 parameter"},
        {STAGE_DATA, "503 5.5.1 no"},
        {STAGE_DATA, "554 no valid recipients"},
        {STAGE_BODY, "500 what"},
    };
    ASSERT_ALL_ARE(REPLY_OURS, said);
}

TEST(test_who_is_refused_before_mail_is_us)
{
    static const struct said said[] = {
        {STAGE_GREETING, "521 no mail here"},
        {STAGE_EHLO, "550 5.7.133 no"},
        {STAGE_GREETING, "554 go away"},
        {STAGE_EHLO, "550 5.7.1 no"},
    };
    ASSERT_ALL_ARE(REPLY_OURS, said);
}

TEST(test_relaying_that_is_denied_is_our_matter)
{
    static const struct said said[] = {
        {STAGE_RCPT, "550 5.7.1 Unable to relay"},
        {STAGE_RCPT, "554 5.7.1 <bob@example.com>: Relay access denied"},
        {STAGE_RCPT, "550 5.7.64 TenantAttribution; Relay Access Denied"},
        {STAGE_RCPT, "550 relay not permitted"},
        {STAGE_RCPT, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"},
        {STAGE_RCPT, "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"},
    };
    ASSERT_ALL_ARE(REPLY_OURS, said);
}

TEST(test_who_we_are_to_the_server_is_our_matter)
{
    static const struct said said[] = {
        {STAGE_RCPT, "554 5.7.1 <gate[192.0.2.1]>: Client host rejected: Access denied"},
        {STAGE_RCPT, "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using x"},
        {STAGE_RCPT, "554 5.7.1 <gate>: Helo command rejected: Access denied"},
        {STAGE_MAIL, "550 5.7.606 Access denied, banned sending IP [192.0.2.1]"},
        {STAGE_MAIL, "550 5.7.1 Client was not authenticated"},
        {STAGE_MAIL, "550 5.7.0 Authentication required"},
        {STAGE_MAIL, "550 5.7.57 SMTP; anonymous mail"},
        {STAGE_MAIL, "535 5.7.8 bad credentials"},
        {STAGE_RCPT, "550 5.7.23 SPF validation failed"},
        {STAGE_BODY, "550 5.7.25 reverse DNS validation failed"},
        {STAGE_RCPT, "530 5.7.133 authentication required"},
        {STAGE_DATA, "554 5.7.1 <gate[192.0.2.1]>: Client host rejected"},
        {STAGE_BODY, "530 5.7.57 anonymous mail"},
        {STAGE_MAIL, "530 5.7.1 Client was not authenticated"},
        {STAGE_MAIL, "530 5.7.0 Must issue a STARTTLS command first"},
    };
    ASSERT_ALL_ARE(REPLY_OURS, said);
}

TEST(test_a_4xx_is_for_later)
{
    static const struct said said[] = {
        {STAGE_RCPT, "450 4.2.0 busy"},
        {STAGE_MAIL, "421 4.3.2 closing"},
        {STAGE_BODY, "452 4.3.1 full"},
    };
    ASSERT_ALL_ARE(REPLY_LATER, said);
}

TEST(test_a_refusal_of_the_recipient_is_his_alone)
{
    static const struct said said[] = {
        {STAGE_RCPT, "550 5.1.1 no such user"},
        {STAGE_RCPT, "550 no"},
        {STAGE_RCPT, "552 5.2.2 full"},
        {STAGE_RCPT, "554 no"},
        {STAGE_RCPT,
         "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required"},
        {STAGE_RCPT, "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required"},
        {STAGE_RCPT, "550 5.7.124 sender not in allowed-senders list"},
        {STAGE_RCPT, "550 5.7.2 mailing list expansion prohibited"},
        {STAGE_RCPT, "550 5.7.17 mailbox owner has changed"},
    };
    ASSERT_ALL_ARE(REPLY_RECIPIENT, said);
}

TEST(test_a_refusal_of_the_sender_or_the_message_is_the_senders)
{
    static const struct said said[] = {
        {STAGE_MAIL, "550 5.7.27 sender address has null MX"},
        {STAGE_DATA, "554 5.7.1 Data command rejected: Access denied"},
        {STAGE_BODY, "521 5.7.1 spam"},
        {STAGE_BODY, "521 no"},
        {STAGE_BODY, "554 5.7.1 listed as an open relay"},
        {STAGE_MAIL, "550 5.1.8 sender's domain does not exist"},
        {STAGE_MAIL, "552 5.3.4 too big"},
        {STAGE_BODY, "554 5.7.1 content refused"},
        {STAGE_BODY, "550 5.7.1 spam"},
        {STAGE_BODY, "552 too big"},
    };
    ASSERT_ALL_ARE(REPLY_SENDER, said);
}

TEST(test_a_refusal_that_may_mean_either_is_unclear)
{
    static const struct said said[] = {
        {STAGE_RCPT, "554 5.7.1 <bob@example.com>: Recipient address rejected: Access denied"},
        {STAGE_RCPT, "554 5.7.1 <a@b.example>: Sender address rejected: Access denied"},
        {STAGE_RCPT, "550 5.7.1 Delivery not authorized, message refused"},
        {STAGE_RCPT, "521 5.7.1 <bob@example.com>: Recipient address rejected"},
        {STAGE_MAIL, "550 5.7.1 sender blocked"},
        {STAGE_MAIL, "550 5.7.60 SMTP; Client does not have permissions to send as this sender"},
    };
    ASSERT_ALL_ARE(REPLY_UNCLEAR, said);
}

TEST(test_no_such_user)
{
    static const struct {
        const char *reply;
        bool yes;
    } cases[] = {
        {"550 5.1.1 x\r\n", true},  {"553 5.1.3 x\r\n", true},  {"550 x\r\n", true},
        {"550 5.7.1 x\r\n", false}, {"552 x\r\n", false},       {"450 4.1.1 x\r\n", false},
        {"550 5.2.1 x\r\n", false}, {"250 2.1.5 x\r\n", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct smtp_reply reply;
        size_t used;
        smtp_reply(slice_of(cases[i].reply), &reply, &used);
        assert_int_equal(smtp_reply_says_no_such_user(&reply), cases[i].yes);
    }
}

static struct smtp_reply parsed(const char *bytes)
{
    struct smtp_reply reply;
    size_t used;
    assert_int_equal(smtp_reply(slice_of(bytes), &reply, &used), 1);
    return reply;
}

TEST(test_a_sender_s_address_is_not_the_recipient_s_fault)
{
    static const struct {
        const char *reply;
        bool yes;
    } cases[] = {
        {"550 5.1.1 x\r\n", true},  {"550 5.1.2 x\r\n", true},  {"553 5.1.3 x\r\n", true},
        {"550 5.1.6 x\r\n", true},  {"556 5.1.10 x\r\n", true}, {"550 5.1.0 x\r\n", false},
        {"553 5.1.7 x\r\n", false}, {"550 5.1.8 x\r\n", false}, {"550 5.1.17 x\r\n", false},
        {"550 5.2.1 x\r\n", false}, {"550 x\r\n", false},       {"450 4.1.1 x\r\n", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct smtp_reply reply = parsed(cases[i].reply);
        if (smtp_reply_is_about_address(reply.code, reply.enhanced) != cases[i].yes)
            fail_msg("%s", cases[i].reply);
    }
}

TEST(test_too_many_recipients_and_no_other_things)
{
    static const struct {
        const char *reply;
        bool yes;
    } cases[] = {
        {"452 4.5.3 Too many recipients\r\n", true},
        {"452 4.5.3 Error: too many in one go\r\n", true},
        {"452 too many recipients\r\n", true},
        {"552 Too many recipients\r\n", true},
        {"552 too many messages in the mailbox\r\n", false},
        {"452 4.2.2 too many recipients' mailboxes\r\n", false},
        {"452 4.5.3 no\r\n", false},
        {"550 too many recipients\r\n", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct smtp_reply reply = parsed(cases[i].reply);
        if (smtp_reply_says_too_many(reply.code, reply.enhanced, reply.text) != cases[i].yes)
            fail_msg("%s", cases[i].reply);
    }
}
