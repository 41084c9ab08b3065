/* SPDX-License-Identifier: ISC */
#include "base/buf.h"
#include "filters/dns/org_domain.h"
#include "filters/mime/address.h"
#include "filters/sender/dmarc.h"
#include "filters/sender/dmarc_align.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

ARENA(1 << 20);
static struct dns_answers *dns;
static struct author author;
static struct dmarc_input in;
static struct dmarc dmarc;
static struct dmarc_identifier signature;

static void set_up(void)
{
    make_arena();
    dns = dns_answers_new(arena);
    in = (struct dmarc_input){.author = &author, .dkim = &signature};
    signature = (struct dmarc_identifier){.outcome = DMARC_NOT_PASSED};
    assert_non_null(dns);
}

EACH_TEST(set_up, free_arena);

static void assert_slice(struct slice s, const char *expected)
{
    if (!slice_eq(s, slice_of(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARGS(s), expected);
}

static void publish(const char *name, enum dns_type type, enum dns_status status, const char *text)
{
    struct dns_record *record = arena_alloc(arena, sizeof *record);
    record->text = slice_of(text);
    struct dns_answer answer = {.status = status, .records = record, .count = text ? 1 : 0};
    assert_true(dns_answers_add(dns, slice_of(name), type, &answer));
}

static void from(const char *value)
{
    struct slice block = arena_printf(arena, "From: %s\r\n", value);
    assert_true(author_of(arena, block, &author));
}

static void passes(struct dmarc_identifier *identifier, const char *domain)
{
    *identifier = (struct dmarc_identifier){slice_of(domain), DMARC_PASSED};
}

static void evaluate(enum dmarc_result expected)
{
    assert_true(dmarc_evaluate(arena, dns, &in, &dmarc));
    assert_false(dns_missed(dns));
    assert_string_equal(dmarc_result_word(dmarc.result), dmarc_result_word(expected));
}

/* ---- records ---- */

TEST(test_all_tags_are_read)
{
    struct dmarc_record r;
    assert_int_equal(
        dmarc_record_parse(
            SLICE("v=DMARC1;p=reject; SP=quarantine; np=none; psd=N; adkim=s; aspf=S; t=y; "
                  "fo=1:d:x; pct=7; ri=60; rua=mailto:a@b.example!10m, ftp:x; "
                  "ruf=mailto:c@d.example"),
            &r),
        DMARC_USABLE);
    assert_int_equal(r.p, DMARC_POLICY_REJECT);
    assert_int_equal(r.sp, DMARC_POLICY_QUARANTINE);
    assert_int_equal(r.np, DMARC_POLICY_NONE);
    assert_true(r.dkim_strict && r.spf_strict && r.testing);
    assert_int_equal(r.psd, DMARC_PSD_NO);
    assert_int_equal(r.failure_options, DMARC_FO_ANY | DMARC_FO_DKIM);
    assert_int_equal(r.rua.count, 2);
    assert_slice(r.rua.items[0], "mailto:a@b.example");
    assert_slice(r.ruf.items[0], "mailto:c@d.example");
}

TEST(test_what_is_wrong_falls_back_to_defaults)
{
    struct dmarc_record r;
    assert_int_equal(
        dmarc_record_parse(SLICE("v=DMARC1; p=reject; p=none; pct=101; ri=-1; fo=x; psd=x; "
                                 "t=x; adkim=x; rua=mailto:, a b:c, !10m"),
                           &r),
        DMARC_USABLE);
    assert_int_equal(r.p, DMARC_POLICY_REJECT);
    assert_int_equal(r.sp, DMARC_POLICY_REJECT);
    assert_int_equal(r.np, DMARC_POLICY_REJECT);
    assert_int_equal(r.psd, DMARC_PSD_UNSAID);
    assert_false(r.testing || r.dkim_strict);
    assert_int_equal(r.failure_options, DMARC_FO_ALL);
    assert_int_equal(r.rua.count, 0);
}

TEST(test_a_wrong_policy_is_none_where_reports_are_asked)
{
    struct dmarc_record r;
    assert_int_equal(dmarc_record_parse(SLICE("v=DMARC1; p=reject; sp=x; rua=mailto:a@b"), &r),
                     DMARC_USABLE);
    assert_int_equal(r.p, DMARC_POLICY_NONE);
    assert_int_equal(dmarc_record_parse(SLICE("v=DMARC1; p=reject; sp=x"), &r), DMARC_UNUSABLE);
    assert_int_equal(dmarc_record_parse(SLICE("v=DMARC1; p=reject; np=x; psd=y"), &r),
                     DMARC_UNUSABLE);
    assert_int_equal(r.psd, DMARC_PSD_YES);
    assert_int_equal(dmarc_record_parse(SLICE("v=DMARC1"), &r), DMARC_UNUSABLE);
    assert_int_equal(dmarc_record_parse(SLICE("v=DMARC10; p=none"), &r), DMARC_OTHER);
    assert_int_equal(dmarc_record_parse(SLICE(""), &r), DMARC_OTHER);
}

TEST(test_reporting_addresses_are_capped)
{
    struct dmarc_record r;
    assert_int_equal(
        dmarc_record_parse(SLICE("v=DMARC1;p=none;rua=a:b,a:b,a:b,a:b,a:b,a:b,a:b,a:b,a:b"), &r),
        DMARC_USABLE);
    assert_int_equal(r.rua.count, DMARC_URIS_MAX);
}

/* ---- domains ---- */

static void normalises(const char *domain, const char *expected)
{
    struct slice out;
    assert_int_equal(domain_normalise(arena, slice_of(domain), &out), expected != NULL);
    assert_slice(out, expected ? expected : "");
}

TEST(test_domains_have_one_spelling)
{
    normalises("Example.COM.", "example.com");
    normalises("_a-1.example", "_a-1.example");
    normalises("b\xc3\xbc"
               "cher.example",
               "xn--bcher-kva.example");
    normalises("legitimate\xef\xbc\x8e"
               "com", /* a fullwidth dot */
               "legitimate.com");
    normalises("b\xfc"
               "cher.example",
               NULL);
    normalises("a..b", NULL);
    normalises(".a", NULL);
    normalises(".", NULL);
    normalises("", NULL);
    normalises("a'b.example", NULL);
    normalises("[192.0.2.1]", NULL);
    normalises("a.1234567890123456789012345678901234567890123456789012345678901234", NULL);
}

TEST(test_organisations)
{
    assert_slice(org_domain(SLICE("a.b.example.co.uk")), "example.co.uk");
    assert_slice(org_domain(SLICE("co.uk")), "");
    assert_slice(org_domain(SLICE("")), "");
}

/* ---- authors ---- */

TEST(test_an_author_is_one_domain)
{
    from("\"B\" <a@B.example>, c@b.EXAMPLE.");
    assert_int_equal(author.kind, AUTHOR_ONE);
    assert_int_equal(author.count, 1);
    assert_slice(author.domains[0], "b.example");
    from("a@b.example, c@d.example");
    assert_int_equal(author.kind, AUTHOR_SEVERAL);
    from("a@b.example\r\nFROM : a@b.example");
    assert_int_equal(author.kind, AUTHOR_SEVERAL);
    from("a@b.example, c@d'e.example");
    assert_int_equal(author.kind, AUTHOR_INVALID);
    from("a@b.example\x01");
    assert_int_equal(author.kind, AUTHOR_INVALID);
    from("a@1,a@2,a@3,a@4,a@5,a@6,a@7,a@8,a@9");
    assert_int_equal(author.kind, AUTHOR_INVALID);
    assert_int_equal(author.count, AUTHOR_DOMAINS_MAX);
    from("nobody");
    assert_int_equal(author.kind, AUTHOR_NONE);
    assert_true(author_of(arena, SLICE("Subject: x\r\n"), &author));
    assert_int_equal(author.kind, AUTHOR_NONE);
    assert_int_equal(author.fields, 0);
}

/* ---- messages ---- */

static void invalid(const char *value, const char *domain, const char *other)
{
    from(value);
    assert_int_equal(author.kind, AUTHOR_INVALID);
    assert_slice(author.count ? author.domains[0] : SLICE(""), domain);
    assert_slice(author.others_count ? author.others[0] : SLICE(""), other);
}

TEST(test_what_is_no_address_makes_the_author_invalid)
{
    invalid("a@b.example\x7f", "", "b.example");
    invalid("a@\x1b"
            "b.example",
            "", "b.example");
    invalid("a@b.example/", "", "b.example");
    invalid("a@*.b.example", "", "b.example");
    invalid("a@.b.example", "", "b.example");
    invalid("a@b.example%00", "", "b.example");
    invalid("a@b.example\xc2\xa0", "", "b.example");
    invalid("a@b.example@c.example", "", "b.example");
    invalid("a@[b.example]", "", "b.example");
    invalid("a@[192.0.2.1]b.example", "", "192.0.2.1");
    assert_slice(author.others[1], "b.example");
    invalid("a@[192.0.2.1", "", "192.0.2.1");
    invalid("a@, c@d.example", "d.example", "");
    invalid("c@d.example, <a>", "d.example", "");
    invalid("=?utf-8?q?a=40b.example?=, c@d.example", "d.example", "b.example");
    from("a@[192.0.2.1]");
    assert_int_equal(author.kind, AUTHOR_NONE);
    from("a@[IPv6:2001:db8::1]");
    assert_int_equal(author.kind, AUTHOR_NONE);
    from("a@(x)b.example, c@d.example");
    assert_int_equal(author.kind, AUTHOR_SEVERAL);
    from("Example, Inc. <a@b.example>");
    assert_int_equal(author.kind, AUTHOR_ONE);
}

TEST(test_the_65th_address_is_not_ignored)
{
    struct buf list = buf_init(4096);
    for (unsigned i = 0; i < 64; i++)
        buf_append(&list, SLICE("a@b.example,"));
    buf_append(&list, SLICE("c@d.example"));
    buf_char(&list, '\0');
    from(buf_slice(&list).ptr);
    assert_int_equal(author.kind, AUTHOR_INVALID);
    buf_release(&list);
}

TEST(test_a_from_field_is_one_however_its_name_is_written)
{
    static const char *const blocks[] = {"From\r\n : a@b.example\r\n",
                                         "\302\240FROM\v: a@b.example\r\n",
                                         "From \t:\r\n a@b.example\r\n"};
    for (size_t i = 0; i < 3; i++) {
        assert_true(author_of(arena, slice_of(blocks[i]), &author));
        assert_int_equal(author.fields, 1);
        assert_slice(author.domains[0], "b.example");
    }
    assert_true(
        author_of(arena, SLICE("X-From: a@b.example\r\nFrom a@b.example 10:00\r\n"), &author));
    assert_int_equal(author.fields, 0);
}

TEST(test_what_others_could_show_is_protected_by_its_own_record)
{
    dns_answers_close(dns);
    publish("_dmarc.b.example", DNS_TXT, DNS_FOUND, "v=DMARC1; p=reject");
    publish("_dmarc.d.example", DNS_TXT, DNS_FOUND, "v=DMARC1; p=none");
    publish("_dmarc.e.example", DNS_TXT, DNS_NO_NAME, NULL);
    publish("_dmarc.f.example", DNS_TXT, DNS_FAILED, NULL);
    passes(&in.spf, "d.example");
    from("a@b.example <c@d.example>");
    evaluate(DMARC_FAIL);
    assert_slice(dmarc.domain, "b.example");
    assert_int_equal(dmarc.policy, DMARC_POLICY_REJECT);
    from("a@e.example <c@d.example>");
    evaluate(DMARC_PASS);
    from("a@f.example <c@d.example>");
    evaluate(DMARC_TEMPERROR);
    from("a@d.example <c@e.example>");
    evaluate(DMARC_NONE);
    from("c@d.example <c@d.example>");
    evaluate(DMARC_PASS);
    passes(&in.spf, "b.example");
    from("c@d.example <a@b.example>"); /* its own, but another's name: by the other's policy */
    evaluate(DMARC_FAIL);
    assert_int_equal(dmarc.policy, DMARC_POLICY_NONE);
    from("\"a@b.example\"");
    evaluate(DMARC_NONE);
    passes(&in.spf, "d.example");
    evaluate(DMARC_FAIL);
    assert_int_equal(dmarc.policy, DMARC_POLICY_REJECT);
}

/* ---- what is asked ---- */

static void assert_wanted(const char *const *names, size_t expected)
{
    size_t count;
    const struct dns_wanted *wanted = dns_wanted(dns, &count);
    for (size_t i = 0; i < count && i < expected; i++)
        assert_slice(wanted[i].name, names[i]);
    assert_int_equal(count, expected);
}

static const char *const of_many_labels[] = {
    "_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com",
    "_dmarc.g.h.i.j.mail.example.com",
    "_dmarc.h.i.j.mail.example.com",
    "_dmarc.i.j.mail.example.com",
    "_dmarc.j.mail.example.com",
    "_dmarc.mail.example.com",
    "_dmarc.example.com",
    "_dmarc.com",
};

/* The example of RFC 9989 4.10. */
TEST(test_a_miss_wants_all_of_the_walk_at_once)
{
    from("a@a.b.c.d.e.f.g.h.i.j.mail.example.com");
    assert_true(dmarc_evaluate(arena, dns, &in, &dmarc));
    assert_true(dns_missed(dns));
    assert_wanted(of_many_labels, 8);
    dns_answers_restart(dns);
    dmarc_prefetch(dns, &author);
    assert_wanted(of_many_labels, 8);
    assert_false(dns_missed(dns));
    for (size_t i = 0; i < 8; i++)
        assert_true(dns_wanted(dns, &(size_t){0})[i].reserved);
}

TEST(test_a_walk_asks_at_most_eight_questions)
{
    static const size_t expected[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8};
    struct slice domain = SLICE("k.j.i.h.g.f.e.d.c.b.a"), out[DMARC_WALK_MAX];
    for (size_t labels = 0; labels <= 11; labels++) {
        struct slice name = slice_from(domain, domain.len - (labels ? 2 * labels - 1 : 0));
        size_t count = dmarc_walk_domains(name, out);
        assert_int_equal(count, expected[labels]);
        if (count)
            assert_slice(out[count - 1], "a");
    }
}

TEST(test_strangers_choose_no_questions)
{
    static const char *const strangers[] = {
        "evil.example", "a.b.c.evil.com", "com", "example.com", "xample.com", "", "b..example.com"};
    size_t count;
    from("a@example.com");
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        dmarc_prefetch_identifier(arena, dns, &author, slice_of(strangers[i]));
    dns_wanted(dns, &count);
    assert_int_equal(count, 0);
    dmarc_prefetch_identifier(arena, dns, &author, SLICE("B.Example.COM."));
    assert_wanted((const char *const[]){"_dmarc.b.example.com", "_dmarc.example.com", "_dmarc.com"},
                  3);
}

TEST(test_the_record_above_says_what_holds_below)
{
    dns_answers_close(dns);
    publish("_dmarc.b.example", DNS_TXT, DNS_FOUND, "v=DMARC1; p=reject; sp=quarantine");
    from("a@mail.b.example");
    evaluate(DMARC_FAIL);
    assert_int_equal(dmarc.policy, DMARC_POLICY_QUARANTINE);
    assert_slice(dmarc.domain, "mail.b.example");
    assert_slice(dmarc.record_domain, "b.example");
    assert_slice(dmarc.organisation, "b.example");
    passes(&in.spf, "b.example");
    evaluate(DMARC_PASS);
    assert_true(dmarc.spf_aligned);
    assert_false(dmarc.dkim_aligned);
}

TEST(test_np_asks_for_the_name_itself_once)
{
    publish("_dmarc.example", DNS_TXT, DNS_NO_NAME, NULL);
    publish("_dmarc.b.example", DNS_TXT, DNS_FOUND, "v=DMARC1; p=none; np=reject");
    publish("_dmarc.c.b.example", DNS_TXT, DNS_NO_NAME, NULL);
    publish("_dmarc.d.b.example", DNS_TXT, DNS_NO_DATA, NULL);
    from("a@d.b.example"); /* something is below it, so it is */
    evaluate(DMARC_FAIL);
    assert_int_equal(dmarc.policy, DMARC_POLICY_NONE);
    from("a@c.b.example");
    assert_true(dmarc_evaluate(arena, dns, &in, &dmarc));
    assert_true(dns_missed(dns));
    assert_wanted((const char *const[]){"c.b.example"}, 1);
    assert_true(dns_wanted(dns, &(size_t){0})->reserved);
    dns_answers_restart(dns);
    publish("c.b.example", DNS_A, DNS_NO_NAME, NULL);
    evaluate(DMARC_FAIL);
    assert_int_equal(dmarc.policy, DMARC_POLICY_REJECT);
}

TEST(test_errors_of_dns_are_temporary)
{
    dns_answers_close(dns);
    publish("_dmarc.b.example", DNS_TXT, DNS_FAILED, NULL);
    publish("_dmarc.c.example", DNS_TXT, DNS_FOUND, "v=DMARC1; p=reject");
    from("a@b.example");
    passes(&in.spf, "b.example");
    evaluate(DMARC_TEMPERROR);
    assert_false(dmarc.found);
    from("a@c.example");
    signature = (struct dmarc_identifier){SLICE("c.example"), DMARC_NOT_KNOWN};
    in.dkim_count = 1;
    evaluate(DMARC_TEMPERROR);
    assert_int_equal(dmarc_disposition(&dmarc), DMARC_POLICY_NONE);
    passes(&in.spf, "c.example");
    evaluate(DMARC_PASS);
}

TEST(test_several_authors_never_pass)
{
    dns_answers_close(dns);
    publish("_dmarc.b.example", DNS_TXT, DNS_FOUND, "v=DMARC1; p=none");
    publish("_dmarc.c.example", DNS_TXT, DNS_FOUND, "v=DMARC1; p=reject");
    publish("_dmarc.d.example", DNS_TXT, DNS_NO_NAME, NULL);
    from("a@b.example, a@c.example, a@d.example");
    passes(&in.spf, "c.example");
    evaluate(DMARC_FAIL);
    assert_int_equal(dmarc.policy, DMARC_POLICY_REJECT);
    assert_slice(dmarc.domain, "c.example");
    from("a@c.example, a@'");
    evaluate(DMARC_FAIL);
    from("a@d.example, a@'");
    evaluate(DMARC_PERMERROR);
    from("a@d.example, a@[192.0.2.1]");
    evaluate(DMARC_NONE);
}

TEST(test_a_test_is_milder_by_one)
{
    dns_answers_close(dns);
    publish("_dmarc.b.example", DNS_TXT, DNS_FOUND, "v=DMARC1; p=reject; t=y; pct=0");
    from("a@b.example");
    evaluate(DMARC_FAIL);
    assert_int_equal(dmarc_asked(&dmarc), DMARC_POLICY_QUARANTINE);
    assert_int_equal(dmarc_disposition(&dmarc), DMARC_POLICY_QUARANTINE);
    passes(&in.spf, "b.example");
    evaluate(DMARC_PASS);
    assert_int_equal(dmarc_disposition(&dmarc), DMARC_POLICY_NONE);
}
