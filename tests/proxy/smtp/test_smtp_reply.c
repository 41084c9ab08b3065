/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_reply.h"
#include "tests/harness/unit.h"

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

TEST(test_whose_matter_a_reply_is)
{
    static const struct {
        enum reply_stage stage;
        const char *reply;
        enum reply_class kind;
    } cases[] = {
        {STAGE_MAIL, "250 2.1.0 ok", REPLY_YES},
        {STAGE_RCPT, "251 will forward", REPLY_YES},
        {STAGE_DATA, "354 go", REPLY_YES},
        {STAGE_DATA, "250 what", REPLY_OURS},
        {STAGE_DATA, "334 what", REPLY_OURS},
        {STAGE_BODY, "354 again", REPLY_OURS},
        {STAGE_MAIL, "354 early", REPLY_OURS},
        {STAGE_RCPT, "450 4.2.0 busy", REPLY_LATER},
        {STAGE_MAIL, "421 4.3.2 closing", REPLY_LATER},
        {STAGE_BODY, "452 4.3.1 full", REPLY_LATER},
        {STAGE_RCPT, "550 5.1.1 no such user", REPLY_RECIPIENT},
        {STAGE_RCPT, "550 no", REPLY_RECIPIENT},
        {STAGE_RCPT, "552 5.2.2 full", REPLY_RECIPIENT},
        {STAGE_RCPT, "554 no", REPLY_RECIPIENT},
        {STAGE_RCPT, "550 5.7.1 Unable to relay", REPLY_OURS},
        {STAGE_RCPT, "554 5.7.1 <bob@example.com>: Relay access denied", REPLY_OURS},
        {STAGE_RCPT, "550 5.7.64 TenantAttribution; Relay Access Denied", REPLY_OURS},
        {STAGE_RCPT, "550 relay not permitted", REPLY_OURS},
        {STAGE_RCPT, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
         REPLY_OURS},
        {STAGE_RCPT, "554 5.7.1 <gate[192.0.2.1]>: Client host rejected: Access denied",
         REPLY_OURS},
        {STAGE_RCPT, "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using x",
         REPLY_OURS},
        {STAGE_RCPT, "554 5.7.1 <gate>: Helo command rejected: Access denied", REPLY_OURS},
        {STAGE_MAIL, "550 5.7.606 Access denied, banned sending IP [192.0.2.1]", REPLY_OURS},
        {STAGE_MAIL, "550 5.7.1 Client was not authenticated", REPLY_OURS},
        {STAGE_MAIL, "550 5.7.0 Authentication required", REPLY_OURS},
        {STAGE_MAIL, "550 5.7.57 SMTP; anonymous mail", REPLY_OURS},
        {STAGE_MAIL, "535 5.7.8 bad credentials", REPLY_OURS},
        {STAGE_RCPT, "550 5.7.23 SPF validation failed", REPLY_OURS},
        {STAGE_BODY, "550 5.7.25 reverse DNS validation failed", REPLY_OURS},
        {STAGE_RCPT,
         "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required",
         REPLY_RECIPIENT},
        {STAGE_RCPT, "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required",
         REPLY_RECIPIENT},
        {STAGE_RCPT, "550 5.7.124 sender not in allowed-senders list", REPLY_RECIPIENT},
        {STAGE_RCPT, "550 5.7.2 mailing list expansion prohibited", REPLY_RECIPIENT},
        {STAGE_RCPT, "550 5.7.17 mailbox owner has changed", REPLY_RECIPIENT},
        {STAGE_RCPT, "530 5.7.133 authentication required", REPLY_OURS},
        {STAGE_MAIL, "550 5.7.27 sender address has null MX", REPLY_SENDER},
        {STAGE_RCPT, "554 5.7.1 <bob@example.com>: Recipient address rejected: Access denied",
         REPLY_UNCLEAR},
        {STAGE_RCPT, "554 5.7.1 <a@b.example>: Sender address rejected: Access denied",
         REPLY_UNCLEAR},
        {STAGE_RCPT, "550 5.7.1 Delivery not authorized, message refused", REPLY_UNCLEAR},
        {STAGE_RCPT, "521 5.7.1 <bob@example.com>: Recipient address rejected", REPLY_UNCLEAR},
        {STAGE_MAIL, "550 5.7.1 sender blocked", REPLY_UNCLEAR},
        {STAGE_MAIL, "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
         REPLY_UNCLEAR},
        {STAGE_GREETING, "521 no mail here", REPLY_OURS},
        {STAGE_EHLO, "550 5.7.133 no", REPLY_OURS},
        {STAGE_DATA, "554 5.7.1 <gate[192.0.2.1]>: Client host rejected", REPLY_OURS},
        {STAGE_DATA, "554 5.7.1 Data command rejected: Access denied", REPLY_SENDER},
        {STAGE_BODY, "521 5.7.1 spam", REPLY_SENDER},
        {STAGE_BODY, "521 no", REPLY_SENDER},
        {STAGE_BODY, "554 5.7.1 listed as an open relay", REPLY_SENDER},
        {STAGE_BODY, "501 5.5.4 syntax", REPLY_OURS},
        {STAGE_BODY, "503 5.5.1 bad sequence", REPLY_OURS},
        {STAGE_BODY, "502 5.5.1 not implemented", REPLY_OURS},
        {STAGE_BODY, "530 5.7.57 anonymous mail", REPLY_OURS},
        {STAGE_RCPT, "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
         REPLY_OURS},
        {STAGE_MAIL, "530 5.7.1 Client was not authenticated", REPLY_OURS},
        {STAGE_MAIL, "530 5.7.0 Must issue a STARTTLS command first", REPLY_OURS},
        {STAGE_MAIL, "550 5.1.8 sender's domain does not exist", REPLY_SENDER},
        {STAGE_MAIL, "552 5.3.4 too big", REPLY_SENDER},
        {STAGE_MAIL, "503 bad sequence", REPLY_OURS},
        {STAGE_MAIL, "555 parameter", REPLY_OURS},
        {STAGE_DATA, "503 5.5.1 no", REPLY_OURS},
        {STAGE_DATA, "554 no valid recipients", REPLY_OURS},
        {STAGE_BODY, "554 5.7.1 content refused", REPLY_SENDER},
        {STAGE_BODY, "550 5.7.1 spam", REPLY_SENDER},
        {STAGE_BODY, "552 too big", REPLY_SENDER},
        {STAGE_BODY, "500 what", REPLY_OURS},
        {STAGE_GREETING, "554 go away", REPLY_OURS},
        {STAGE_EHLO, "550 5.7.1 no", REPLY_OURS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char bytes[200];
        struct smtp_reply reply;
        size_t used;
        strcpy(bytes, cases[i].reply);
        strcat(bytes, "\r\n");
        assert_int_equal(smtp_reply(slice_of(bytes), &reply, &used), 1);
        if (smtp_reply_class(cases[i].stage, &reply) != cases[i].kind)
            fail_msg("stage %d: %s", cases[i].stage, cases[i].reply);
    }
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
