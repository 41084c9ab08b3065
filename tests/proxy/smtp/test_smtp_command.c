/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_command.h"
#include "tests/harness/unit.h"

#include <string.h>

TEST(test_verbs_in_any_case)
{
    struct slice argument;
    assert_int_equal(smtp_verb(SLICE("mAiL  FROM:<a@b> \t"), &argument), SMTP_MAIL);
    assert_true(slice_eq(argument, SLICE("FROM:<a@b>")));
    assert_int_equal(smtp_verb(SLICE("RSET"), &argument), SMTP_RSET);
    assert_int_equal(argument.len, 0);
    assert_int_equal(smtp_verb(SLICE("EHLO\tx"), &argument), SMTP_EHLO);
    static const struct slice unknown[] = {SLICE(""),
                                           SLICE(" RSET"),
                                           SLICE("RSETX"),
                                           SLICE("X-EXPS GSSAPI"),
                                           SLICE("XEXCH50 1 2"),
                                           SLICE("X-ANONYMOUSTLS"),
                                           SLICE("RSE")};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_int_equal(smtp_verb(unknown[i], &argument), SMTP_UNKNOWN);
}

#define L64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

TEST(test_mail_parameters)
{
    static const struct {
        struct slice text;
        enum smtp_params_result result;
    } cases[] = {
        {SLICE(""), SMTP_PARAMS_OK},
        {SLICE(" SIZE=123 body=8bitmime SMTPUTF8 RET=hdrs ENVID=QQ+31"), SMTP_PARAMS_OK},
        {SLICE("SIZE=18446744073709551615"), SMTP_PARAMS_OK},
        {SLICE("SIZE=18446744073709551616"), SMTP_PARAMS_SYNTAX},
        {SLICE("SIZE"), SMTP_PARAMS_SYNTAX},
        {SLICE("SIZE="), SMTP_PARAMS_SYNTAX},
        {SLICE("SIZE=-1"), SMTP_PARAMS_SYNTAX},
        {SLICE("SIZE=1 SIZE=1"), SMTP_PARAMS_SYNTAX},
        {SLICE("BODY=BINARYMIME"), SMTP_PARAMS_UNKNOWN},
        {SLICE("BODY="), SMTP_PARAMS_SYNTAX},
        {SLICE("BODY"), SMTP_PARAMS_SYNTAX},
        {SLICE("BODY=7BIT BODY=7BIT"), SMTP_PARAMS_SYNTAX},
        {SLICE("SMTPUTF8=yes"), SMTP_PARAMS_SYNTAX},
        {SLICE("RET=ALL"), SMTP_PARAMS_SYNTAX},
        {SLICE("ENVID=a=b"), SMTP_PARAMS_OK},
        {SLICE("ENVID="), SMTP_PARAMS_SYNTAX},
        {SLICE("SMTPUTF8="), SMTP_PARAMS_SYNTAX},
        {SLICE("SIZE=1=2"), SMTP_PARAMS_SYNTAX},
        {SLICE("ENVID=\xc3\xa4"), SMTP_PARAMS_SYNTAX},
        {SLICE("AUTH=<>"), SMTP_PARAMS_OK},
        {SLICE("AUTH=x=y SIZE=1 auth="), SMTP_PARAMS_OK},
        {SLICE("AUTH=\x01"), SMTP_PARAMS_SYNTAX},
        {SLICE("XSHADOW=1"), SMTP_PARAMS_UNKNOWN},
        {SLICE("=1"), SMTP_PARAMS_SYNTAX},
        {SLICE("A_B=1"), SMTP_PARAMS_SYNTAX},
        {SLICE("RET=HDRS\x01"), SMTP_PARAMS_SYNTAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct smtp_mail_params params;
        if (smtp_mail_params(cases[i].text, &params) != cases[i].result)
            fail_msg("%.*s", SLICE_ARGS(cases[i].text));
    }
    struct smtp_mail_params all;
    smtp_mail_params(cases[1].text, &all);
    assert_true(all.has_size && all.size == 123 && all.utf8 && all.body == SMTP_BODY_8BITMIME);
    assert_true(slice_eq(all.ret, SLICE("hdrs")) && slice_eq(all.envid, SLICE("QQ+31")));
}

TEST(test_rcpt_parameters)
{
    static const struct {
        struct slice text;
        enum smtp_params_result result;
    } cases[] = {
        {SLICE("NOTIFY=SUCCESS,failure,DELAY ORCPT=rfc822;a+40b"), SMTP_PARAMS_OK},
        {SLICE("ORCPT=rfc822;" L64 L64 L64 L64 L64 L64 L64 L64 "@b"), SMTP_PARAMS_OK},
        {SLICE("ORCPT=rfc822;a=b@c"), SMTP_PARAMS_OK},
        {SLICE("NOTIFY=NEVER"), SMTP_PARAMS_OK},
        {SLICE("NOTIFY=NEVER=1"), SMTP_PARAMS_SYNTAX},
        {SLICE("NOTIFY=NEVER,SUCCESS"), SMTP_PARAMS_SYNTAX},
        {SLICE("NOTIFY=SUCCESS,"), SMTP_PARAMS_SYNTAX},
        {SLICE("NOTIFY="), SMTP_PARAMS_SYNTAX},
        {SLICE("NOTIFY"), SMTP_PARAMS_SYNTAX},
        {SLICE("NOTIFY=DELAY NOTIFY=DELAY"), SMTP_PARAMS_SYNTAX},
        {SLICE("ORCPT=ab"), SMTP_PARAMS_SYNTAX},
        {SLICE("ORCPT=a;b ORCPT=a;b"), SMTP_PARAMS_SYNTAX},
        {SLICE("SIZE=1"), SMTP_PARAMS_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct smtp_rcpt_params params;
        if (smtp_rcpt_params(cases[i].text, &params) != cases[i].result)
            fail_msg("%.*s", SLICE_ARGS(cases[i].text));
    }
}

TEST(test_what_is_no_xtext_is_encoded)
{
    static const struct {
        const char *text, *written;
    } cases[] = {
        {"", ""},
        {"QQ+31", "QQ+31"},
        {"a=b", "a+3Db"},
        {"rfc822;a=b+c@d", "rfc822;a+3Db+2Bc@d"},
        {"+", "+2B"},
        {"+3", "+2B3"},
        {"+3D+", "+3D+2B"},
        {"+gg", "+2Bgg"},
        {"===", "+3D+3D+3D"},
    };
    struct arena *arena = arena_new(4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice written = smtp_xtext(arena, slice_of(cases[i].text));
        if (!written.ptr || !slice_eq(written, slice_of(cases[i].written)))
            fail_msg("%s: %.*s", cases[i].text, SLICE_ARGS(written));
    }
    arena_free(&arena);
    arena = arena_new(16);
    assert_null(smtp_xtext(arena, SLICE("ten octets")).ptr);
    arena_free(&arena);
}

TEST(test_bdat_sizes)
{
    uint64_t size;
    bool last;
    assert_true(smtp_bdat(SLICE("86 LAST"), &size, &last) && size == 86 && last);
    assert_true(smtp_bdat(SLICE("0  last"), &size, &last) && size == 0 && last);
    assert_true(smtp_bdat(SLICE("100000"), &size, &last) && size == 100000 && !last);
    assert_true(smtp_bdat(SLICE("9223372036854775807"), &size, &last));
    static const struct slice bad[] = {SLICE(""),
                                       SLICE("LAST"),
                                       SLICE("-1"),
                                       SLICE("1 LASTX"),
                                       SLICE("1 LAST x"),
                                       SLICE("0x10"),
                                       SLICE("9223372036854775808"),
                                       SLICE("1,LAST"),
                                       SLICE("1\0")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(smtp_bdat(bad[i], &size, &last));
}
