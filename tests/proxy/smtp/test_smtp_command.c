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

TEST(test_good_paths)
{
    static const struct {
        const char *text, *local, *domain, *rest;
    } cases[] = {
        {"<>", "", "", ""},
        {"<> SIZE=1", "", "", " SIZE=1"},
        {" <a@b>", "a", "b", ""},
        {"<a.b+c=d@x-y.example.> X", "a.b+c=d", "x-y.example.", " X"},
        {"<\"a b>\"@example.com>", "\"a b>\"", "example.com", ""},
        {"<\"a\\\"@x\"@example.com>", "\"a\\\"@x\"", "example.com", ""},
        {"<\"\"@example.com>", "\"\"", "example.com", ""},
        {"<@r1,@r2.example:a@b>", "a", "b", ""},
        {"<postmaster>", "postmaster", "", ""},
        {"<a@[192.0.2.1]>", "a", "[192.0.2.1]", ""},
        {"<a@[IPv6:2001:db8::1]>", "a", "[IPv6:2001:db8::1]", ""},
        {"<a..b.@c_d.example>", "a..b.", "c_d.example", ""}, /* real senders do */
        {"<" L64 "@b>", L64, "b", ""},
        {"<x" L64 L64 L64 L64 L64 "@b>", "x" L64 L64 L64 L64 L64, "b", ""},
        {"<\"" L64 " " L64 "\"@b>", "\"" L64 " " L64 "\"", "b", ""},
        {"<a@b><c@d>", "a", "b", "<c@d>"},
        {"<!#$%&'*+-/=?^_`{|}~@b>", "!#$%&'*+-/=?^_`{|}~", "b", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice in = slice_of(cases[i].text);
        struct smtp_path path;
        const char *why = NULL;
        if (!smtp_path(&in, &path, &why))
            fail_msg("%s: %s", cases[i].text, why);
        assert_true(slice_eq(path.local, slice_of(cases[i].local)));
        assert_true(slice_eq(path.domain, slice_of(cases[i].domain)));
        assert_true(slice_eq(in, slice_of(cases[i].rest)));
        assert_int_equal(path.address.len,
                         path.local.len + path.domain.len + (path.domain.len ? 1 : 0));
        assert_false(path.utf8);
    }
}

TEST(test_bad_paths)
{
    static const struct slice cases[] = {
        SLICE(""),
        SLICE("a@b"),
        SLICE("<"),
        SLICE("<a@b"),
        SLICE("<a@>"),
        SLICE("<@b>"),
        SLICE("< a@b>"),
        SLICE("<a @b>"),
        SLICE("<a@b >"),
        SLICE("<a@b c>"),
        SLICE("<a@b@c>"),
        SLICE("<a@.b>"),
        SLICE("<a@-b>"),
        SLICE("<a@b..c>"),
        SLICE("<a@[]>"),
        SLICE("<a@[1.2.3.4>"),
        SLICE("<a@[1.2.3.4]x>"),
        SLICE("<a@[a b]>"),
        SLICE("<a@[1\0]>"),
        SLICE("<a\0b@c>"),
        SLICE("<a@b\0c>"),
        SLICE("<\"a@b>"),
        SLICE("<\"a\"b@c>"),
        SLICE("<\"a\x01\"@c>"),
        SLICE("<\"a\\\x01\"@c>"),
        SLICE("<\"a\\\">"),
        SLICE("<\"a\\"),
        SLICE("<@r a@b>"),
        SLICE("<@r:>"),
        SLICE("<@r,a@b>"),
        SLICE("<@:a@b>"),
        SLICE("<a,b@c>"),
        SLICE("<a(c)@b>"),
        SLICE("<a:b@c>"),
        SLICE("<<a@b>>"),
        SLICE("<a@" L64 L64 L64 L64 ">"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice in = cases[i];
        struct smtp_path path;
        const char *why = NULL;
        if (smtp_path(&in, &path, &why))
            fail_msg("case %zu taken: %.*s", i, SLICE_ARGS(cases[i]));
        assert_non_null(why);
    }
}

TEST(test_utf8_in_a_path_is_told)
{
    struct slice in = SLICE("<j\xc3\xb6rg@b>");
    struct smtp_path path;
    const char *why;
    assert_true(smtp_path(&in, &path, &why));
    assert_true(path.utf8);
    in = SLICE("<a@b\xc3\xbc.example>");
    assert_true(smtp_path(&in, &path, &why));
    assert_true(path.utf8);
    in = SLICE("<\"\xc3\xbc\"@b>");
    assert_true(smtp_path(&in, &path, &why));
    assert_true(path.utf8);
}

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
        {SLICE("BODY=BINARYMIME"), SMTP_PARAMS_SYNTAX},
        {SLICE("BODY=7BIT BODY=7BIT"), SMTP_PARAMS_SYNTAX},
        {SLICE("SMTPUTF8=yes"), SMTP_PARAMS_SYNTAX},
        {SLICE("RET=ALL"), SMTP_PARAMS_SYNTAX},
        {SLICE("ENVID=a=b"), SMTP_PARAMS_SYNTAX},
        {SLICE("ENVID=\xc3\xa4"), SMTP_PARAMS_SYNTAX},
        {SLICE("AUTH=<>"), SMTP_PARAMS_UNKNOWN},
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
        {SLICE("NOTIFY=NEVER"), SMTP_PARAMS_OK},
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

TEST(test_names_after_helo)
{
    static const struct slice good[] = {SLICE("mail.example.com"), SLICE("a_b."),
                                        SLICE("[192.0.2.1]"), SLICE("[IPv6:::1]"),
                                        SLICE("localhost")};
    static const struct slice bad[] = {
        SLICE(""),     SLICE("a b"), SLICE("a\r\nb"),    SLICE("<x>"), SLICE("a;b"),
        SLICE("[1]x"), SLICE("[]"),  SLICE("b\xc3\xbc"), SLICE("a\0"), SLICE("(x)")};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(smtp_helo_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(smtp_helo_valid(bad[i]));
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
