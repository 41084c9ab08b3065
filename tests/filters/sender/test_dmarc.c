/* SPDX-License-Identifier: ISC */
#include "base/buf.h"
#include "filters/dns/org_domain.h"
#include "filters/mime/address.h"
#include "filters/sender/dmarc.h"
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
            SLICE("v=DMARC1;p=reject; SP=quarantine; np=none; pct=7; adkim=s; aspf=S; t=y; "
                  "fo=1:d:x; ri=60; rua=mailto:a@b.example!10m, ftp:x; ruf=mailto:c@d.example"),
            &r),
        DMARC_USABLE);
    assert_int_equal(r.p, DMARC_POLICY_REJECT);
    assert_int_equal(r.sp, DMARC_POLICY_QUARANTINE);
    assert_int_equal(r.np, DMARC_POLICY_NONE);
    assert_true(r.has_sp && r.has_np && r.dkim_strict && r.spf_strict && r.testing);
    assert_int_equal(r.pct, 7);
    assert_int_equal(r.failure_options, DMARC_FO_ANY | DMARC_FO_DKIM);
    assert_int_equal(r.report_interval, 60);
    assert_int_equal(r.rua.count, 2);
    assert_slice(r.rua.items[0].uri, "mailto:a@b.example");
    assert_int_equal(r.rua.items[0].size_max, 10 << 20);
    assert_slice(r.ruf.items[0].uri, "mailto:c@d.example");
}

TEST(test_what_is_wrong_falls_back_to_defaults)
{
    struct dmarc_record r;
    assert_int_equal(
        dmarc_record_parse(SLICE("v=DMARC1; p=reject; p=none; pct=101; ri=-1; fo=x; np=x; "
                                 "rua=mailto:, a b:c, mailto:a!1x, mailto:a!99999999999999t"),
                           &r),
        DMARC_USABLE);
    assert_int_equal(r.p, DMARC_POLICY_REJECT);
    assert_int_equal(r.sp, DMARC_POLICY_REJECT);
    assert_int_equal(r.np, DMARC_POLICY_REJECT);
    assert_false(r.has_np);
    assert_int_equal(r.pct, 100);
    assert_int_equal(r.failure_options, DMARC_FO_ALL);
    assert_int_equal(r.report_interval, 86400);
    assert_int_equal(r.rua.count, 0);
}

TEST(test_a_wrong_policy_is_none_where_reports_are_asked)
{
    struct dmarc_record r;
    assert_int_equal(dmarc_record_parse(SLICE("v=DMARC1; p=reject; sp=x; rua=mailto:a@b"), &r),
                     DMARC_USABLE);
    assert_int_equal(r.p, DMARC_POLICY_NONE);
    assert_int_equal(dmarc_record_parse(SLICE("v=DMARC1; p=reject; sp=x"), &r), DMARC_UNUSABLE);
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

TEST(test_a_miss_wants_both_records_at_once)
{
    size_t count;
    from("a@mail.b.example");
    assert_true(dmarc_evaluate(arena, dns, &in, &dmarc));
    assert_true(dns_missed(dns));
    assert_non_null(dns_wanted(dns, &count));
    assert_int_equal(count, 2);
    dns_answers_restart(dns);
    dmarc_prefetch(arena, dns, &author);
    assert_slice(dns_wanted(dns, &count)[0].name, "_dmarc.mail.b.example");
    assert_slice(dns_wanted(dns, &count)[1].name, "_dmarc.b.example");
    assert_int_equal(count, 2);
    assert_false(dns_missed(dns));
}

TEST(test_the_record_above_says_what_holds_below)
{
    publish("_dmarc.b.example", DNS_TXT, DNS_FOUND, "v=DMARC1; p=reject; sp=quarantine");
    publish("_dmarc.mail.b.example", DNS_TXT, DNS_NO_NAME, NULL);
    from("a@mail.b.example");
    evaluate(DMARC_FAIL);
    assert_int_equal(dmarc.policy, DMARC_POLICY_QUARANTINE);
    assert_slice(dmarc.domain, "mail.b.example");
    assert_slice(dmarc.record_domain, "b.example");
    passes(&in.spf, "b.example");
    evaluate(DMARC_PASS);
    assert_true(dmarc.spf_aligned);
    assert_false(dmarc.dkim_aligned);
}

TEST(test_np_is_for_names_that_do_not_exist)
{
    publish("_dmarc.b.example", DNS_TXT, DNS_FOUND, "v=DMARC1; p=none; np=reject");
    publish("_dmarc.c.b.example", DNS_TXT, DNS_NO_NAME, NULL);
    publish("c.b.example", DNS_A, DNS_NO_DATA, NULL);
    publish("c.b.example", DNS_AAAA, DNS_NO_DATA, NULL);
    publish("c.b.example", DNS_MX, DNS_NO_NAME, NULL);
    from("a@c.b.example");
    evaluate(DMARC_FAIL);
    assert_int_equal(dmarc.policy, DMARC_POLICY_NONE);
    in.honour_np = true;
    evaluate(DMARC_FAIL);
    assert_int_equal(dmarc.policy, DMARC_POLICY_REJECT);
}

TEST(test_errors_of_dns_are_temporary)
{
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
    assert_int_equal(dmarc_disposition(&dmarc, 0), DMARC_POLICY_NONE);
    passes(&in.spf, "c.example");
    evaluate(DMARC_PASS);
}

TEST(test_several_authors_never_pass)
{
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

TEST(test_a_sample_spares_the_rest)
{
    publish("_dmarc.b.example", DNS_TXT, DNS_FOUND, "v=DMARC1; p=reject; pct=30");
    from("a@b.example");
    evaluate(DMARC_FAIL);
    assert_int_equal(dmarc_disposition(&dmarc, 29), DMARC_POLICY_REJECT);
    assert_int_equal(dmarc_disposition(&dmarc, 30), DMARC_POLICY_QUARANTINE);
}

TEST(test_a_public_suffix_aligns_with_itself_alone)
{
    assert_true(dmarc_aligned(arena, SLICE("co.uk"), SLICE("co.uk"), false));
    assert_false(dmarc_aligned(arena, SLICE("a.co.uk"), SLICE("co.uk"), false));
    assert_false(dmarc_aligned(arena, SLICE("b.co.uk"), SLICE("a.co.uk"), false));
    assert_false(dmarc_aligned(arena, SLICE(""), SLICE(""), false));
}
