/* SPDX-License-Identifier: ISC */
#include "tests/harness/spf_zone.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ARENA_TESTS(16 * 1024 * 1024);
static struct spf_outcome out;
static struct spf_zone_run run;

static enum spf_result check(const char *ip, const char *helo, const char *sender, const char *zone)
{
    struct spf_input input = {.helo = slice_of(helo),
                              .sender = slice_of(sender),
                              .receiver = SLICE("mx.example.net"),
                              .now = 1234567890};
    assert_true(ip_parse(slice_of(ip), &input.client));
    run = spf_zone_evaluate(arena, slice_of(zone), &input, spf_evaluate, &out);
    assert_true(run.runs > 0);
    return out.result;
}

/* The record of example.com, for a client 192.0.2.1. */
static enum spf_result with(const char *record, const char *more)
{
    struct slice zone = arena_printf(arena, "example.com TXT %s\n%s", record, more);
    return check("192.0.2.1", "mail.example.com", "jo-ann.doe@example.com", zone.ptr);
}

static void assert_text(struct slice text, const char *expected)
{
    if (!slice_eq(text, slice_of(expected)))
        fail_msg("'%.*s' is not '%s'", SLICE_ARGS(text), expected);
}

static void explains(const char *text, const char *expected)
{
    struct slice more = arena_printf(arena, "why.example.com TXT %s\n", text);
    assert_int_equal(with("v=spf1 -all exp=why.example.com", more.ptr), SPF_FAIL);
    assert_text(out.explanation, expected);
}

/* ---- records */

TEST(test_qualifiers_give_their_results)
{
    assert_int_equal(with("v=spf1 all", ""), SPF_PASS);
    assert_int_equal(with("v=spf1 +all", ""), SPF_PASS);
    assert_int_equal(with("v=spf1 -ALL", ""), SPF_FAIL);
    assert_int_equal(with("v=spf1 ~all", ""), SPF_SOFTFAIL);
    assert_int_equal(with("v=spf1 ?all", ""), SPF_NEUTRAL);
    assert_int_equal(with("v=spf1", ""), SPF_NEUTRAL);
    assert_int_equal(with("V=SPF1  ip4:192.0.2.0/24  -all ", ""), SPF_PASS);
    assert_text(out.mechanism, "ip4:192.0.2.0/24");
    assert_text(out.domain, "example.com");
    assert_int_equal(out.lookups, 0);
}

TEST(test_only_one_record_may_be_there)
{
    assert_int_equal(with("other", ""), SPF_NONE);
    assert_int_equal(with("v=spf10 -all", ""), SPF_NONE);
    assert_int_equal(with("v=spf1 -all", "example.com TXT v=spf1 +all\n"), SPF_PERMERROR);
    assert_text(out.problem, "more than one SPF record");
    assert_int_equal(with("v=spf1 -all", "example.com TXT v=spf10 +all\n"), SPF_FAIL);
}

TEST(test_wrong_syntax_is_seen_before_anything_matches)
{
    static const char *const wrong[] = {
        "moo",
        "-all:x",
        "all/8",
        "include",
        "include:",
        "a:",
        "a/33",
        "a//129",
        "a/24/64",
        "a/024",
        "a/",
        "a//",
        "a:museum",
        "a:museum.",
        "a:1.2.3.4",
        "a:example.-com",
        "a:e.com:8080",
        "mx:e.com//064",
        "ptr/0",
        "ptr:",
        "exists",
        "exists:e.com/24",
        "ip4",
        "ip4:1.2.3",
        "ip4:1.2.3.4/",
        "ip4:1.2.3.4//32",
        "ip4:01.2.3.4",
        "ip4:1.2.3.4:25",
        "ip4:1.2.3.4/33",
        "ip6:1.2.3.4",
        "ip6:::1/129",
        "ip6::CAFE::BABE",
        "=all",
        "1up=foo",
        "exp=",
        "redirect=",
        "redirect:e.com",
        "+exp=e.com",
        "x=%",
        "x=%a",
        "x=%{",
        "x=%{d",
        "x=%{x}",
        "x=%{d0}",
        "x=%{d1!}",
        "x=%{c}",
        "x=%{dr2}",
        "a:%{c}.e.com",
        "exists:%{r}.e.com",
        "redirect=%{t}.e.com",
        "exp=%{r}.e.com",
        "exp=a.b exp=a.b",
        "redirect=a.b redirect=a.b",
        "a:%{d}e.c_m",
        "a:e.com\x01",
        "a:\xc3\xa4.com",
        "a\tmx",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct slice record = arena_printf(arena, "v=spf1 ip4:192.0.2.1 %s", wrong[i]);
        if (with(record.ptr, "") != SPF_PERMERROR)
            fail_msg("%s", wrong[i]);
        assert_text(out.problem, "a syntax error in an SPF record");
    }
}

TEST(test_odd_but_right_syntax_passes)
{
    static const char *const right[] = {
        "moo.cow-far_out=man:dog/cat",
        "x=%%%_%-%{i}",
        "a//0",
        "a/0//0",
        "a:foo:bar/baz.e.com/24",
        "a:e.xn--zckzah.",
        "a:%{d}",
        "a:%%%{L9r./-+_=,}",
        "exists:%{ir}.%{v}.%{d999999999999999999999}",
        "ip6:::1.1.1.1/0",
        "default=pass",
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        struct slice record = arena_printf(arena, "v=spf1 +ip4:192.0.2.1 %s", right[i]);
        if (with(record.ptr, "") != SPF_PASS)
            fail_msg("%s", right[i]);
    }
}

TEST(test_a_nul_ends_nothing)
{
    static const char text[] = "v=spf1 a:foo.example.com\0 +all";
    struct slice record = {text, sizeof text - 1};
    struct dns_record records[] = {{.text = record}};
    struct dns_answer answer = {.status = DNS_FOUND, .records = records, .count = 1};
    struct dns_answers *answers = dns_answers_new(arena);
    struct spf_input input = {.sender = SLICE("a@example.com")};
    assert_true(ip_parse(SLICE("192.0.2.1"), &input.client));
    assert_true(dns_answers_add(answers, SLICE("example.com"), DNS_TXT, &answer));
    assert_true(spf_evaluate(arena, answers, &input, &out));
    assert_int_equal(out.result, SPF_PERMERROR);
}

/* ---- identities */

TEST(test_a_null_sender_is_the_helo_identity)
{
    const char *zone = "mail.example.com TXT v=spf1 exists:%{l}.%{o}.ok.org -all\n"
                       "postmaster.mail.example.com.ok.org A 127.0.0.2\n";
    assert_int_equal(check("192.0.2.1", "Mail.Example.com.", "", zone), SPF_PASS);
    assert_int_equal(out.identity, SPF_HELO);
    assert_text(out.domain, "mail.example.com");
}

TEST(test_the_helo_identity_can_be_asked_alone)
{
    struct spf_input input = {.helo = SLICE("h.example.com"), .sender = SLICE("x@example.com")};
    struct slice zone = SLICE("h.example.com TXT v=spf1 -all\nexample.com TXT v=spf1 +all\n");
    assert_true(ip_parse(SLICE("2001:db8::1"), &input.client));
    spf_zone_evaluate(arena, zone, &input, spf_evaluate_helo, &out);
    assert_int_equal(out.result, SPF_FAIL);
    assert_int_equal(out.identity, SPF_HELO);
    spf_zone_evaluate(arena, zone, &input, spf_evaluate, &out);
    assert_int_equal(out.result, SPF_PASS);
    assert_int_equal(out.identity, SPF_MAILFROM);
}

TEST(test_what_is_no_domain_has_no_policy_and_is_not_asked)
{
    static const char *const names[] = {
        "",        "localhost", "[192.0.2.1]", "192.0.2.1", "a..b.com",
        "a b.com", "\xc3.com",  "x.-com",      ".",         "\xf0\x9f\x98\x80.com"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(check("192.0.2.1", names[i], "", ""), SPF_NONE);
        assert_int_equal(run.questions, 0);
    }
}

TEST(test_a_sender_may_lack_its_local_part)
{
    const char *zone = "example.com TXT v=spf1 exists:%{s}.ok.org -all\n"
                       "postmaster@example.com.ok.org A 127.0.0.2\n"
                       "\"a@b\"@example.com.ok.org A 127.0.0.2\n";
    assert_int_equal(check("192.0.2.1", "h", "@example.com", zone), SPF_PASS);
    assert_int_equal(check("192.0.2.1", "h", "example.com", zone), SPF_PASS);
    assert_int_equal(check("192.0.2.1", "h", "\"a@b\"@example.com", zone), SPF_PASS);
    assert_int_equal(check("192.0.2.1", "h", "c@example.com", zone), SPF_FAIL);
}

/* ---- mechanisms */

TEST(test_networks_hold_their_own_family)
{
    const char *zone =
        "example.com TXT v=spf1 ip6:2001:db8:8000::/33 ip6:::/0 ip4:10.0.0.0/7 -all\n";
    assert_int_equal(check("2001:db8:8001::1", "h", "a@example.com", zone), SPF_PASS);
    assert_text(out.mechanism, "ip6:2001:db8:8000::/33");
    assert_int_equal(check("2001:db8::1", "h", "a@example.com", zone), SPF_PASS);
    assert_text(out.mechanism, "ip6:::/0");
    assert_int_equal(check("11.255.0.1", "h", "a@example.com", zone), SPF_PASS);
    assert_int_equal(check("12.0.0.1", "h", "a@example.com", zone), SPF_FAIL);
    assert_int_equal(check("::ffff:11.0.0.1", "h", "a@example.com", zone), SPF_PASS);
}

TEST(test_a_and_mx_take_two_lengths)
{
    const char *zone = "example.com TXT v=spf1 a/24//64 mx/30 -all\n"
                       "example.com A 192.0.2.77\nexample.com AAAA 2001:db8::1\n"
                       "example.com MX gone.example.com\nexample.com MX mx.example.com\n"
                       "mx.example.com A 198.51.100.2\nmx.example.com AAAA 2001:db8:1::1\n";
    assert_int_equal(check("192.0.2.1", "h", "a@example.com", zone), SPF_PASS);
    assert_int_equal(check("192.0.3.1", "h", "a@example.com", zone), SPF_FAIL);
    assert_int_equal(check("2001:db8::ffff", "h", "a@example.com", zone), SPF_PASS);
    assert_int_equal(check("198.51.100.3", "h", "a@example.com", zone), SPF_PASS);
    assert_int_equal(out.lookups, 2);
    assert_int_equal(check("198.51.100.4", "h", "a@example.com", zone), SPF_FAIL);
    assert_int_equal(check("2001:db8:1::1", "h", "a@example.com", zone), SPF_PASS);
    assert_int_equal(check("2001:db8:1::2", "h", "a@example.com", zone), SPF_FAIL);
}

TEST(test_ptr_names_must_lead_back)
{
    const char *zone = "example.com TXT v=spf1 ptr -all\n"
                       "1.2.0.192.in-addr.arpa PTR notexample.com\n"
                       "1.2.0.192.in-addr.arpa PTR broken.example.com\n"
                       "1.2.0.192.in-addr.arpa PTR mail.example.com\n"
                       "notexample.com A 192.0.2.1\nbroken.example.com SERVFAIL\n"
                       "mail.example.com A 192.0.2.1\n"
                       "2.2.0.192.in-addr.arpa PTR mail.example.com\n"
                       "3.2.0.192.in-addr.arpa PTR notexample.com\nnotexample.com A 192.0.2.3\n"
                       "4.2.0.192.in-addr.arpa TIMEOUT\n";
    assert_int_equal(check("192.0.2.1", "h", "a@example.com", zone), SPF_PASS);
    assert_int_equal(check("192.0.2.2", "h", "a@example.com", zone), SPF_FAIL);
    assert_int_equal(check("192.0.2.3", "h", "a@example.com", zone), SPF_FAIL);
    assert_int_equal(check("192.0.2.4", "h", "a@example.com", zone), SPF_FAIL);
    assert_int_equal(check("2001:db8::1", "h", "a@example.com", zone), SPF_FAIL);
}

TEST(test_include_follows_its_table)
{
    assert_int_equal(with("v=spf1 include:i.org ~all", "i.org TXT v=spf1 all\n"), SPF_PASS);
    assert_text(out.mechanism, "include:i.org");
    assert_int_equal(with("v=spf1 -include:i.org ~all", "i.org TXT v=spf1 all\n"), SPF_FAIL);
    assert_int_equal(with("v=spf1 include:i.org ~all", "i.org TXT v=spf1 -all\n"), SPF_SOFTFAIL);
    assert_int_equal(with("v=spf1 include:i.org ~all", "i.org TXT v=spf1\n"), SPF_SOFTFAIL);
    assert_int_equal(with("v=spf1 include:i.org ~all", "i.org TXT v=spf1 a:\n"), SPF_PERMERROR);
    assert_int_equal(with("v=spf1 include:i.org ~all", "i.org TIMEOUT\n"), SPF_TEMPERROR);
    assert_int_equal(with("v=spf1 include:i.org ~all", ""), SPF_PERMERROR);
    assert_text(out.problem, "an included domain has no SPF record");
}

TEST(test_redirect_comes_last_and_takes_over)
{
    const char *zone = "r.org TXT v=spf1 -all exp=rwhy.org\nrwhy.org TXT of %{d}\n"
                       "why.org TXT old\n";
    assert_int_equal(with("v=spf1 redirect=r.org exp=why.org ip4:192.0.2.1", zone), SPF_PASS);
    assert_int_equal(with("v=spf1 redirect=r.org exp=why.org", zone), SPF_FAIL);
    assert_text(out.explanation, "of r.org");
    assert_text(out.domain, "example.com");
    assert_int_equal(with("v=spf1 redirect=none.org", zone), SPF_PERMERROR);
}

TEST(test_dns_failures_are_temporary)
{
    assert_int_equal(check("192.0.2.1", "h", "a@example.com", "example.com SERVFAIL\n"),
                     SPF_TEMPERROR);
    assert_int_equal(with("v=spf1 a:e.org ?all", "e.org TIMEOUT\n"), SPF_TEMPERROR);
    assert_int_equal(with("v=spf1 mx:e.org ?all", "e.org SERVFAIL\n"), SPF_TEMPERROR);
    assert_int_equal(with("v=spf1 mx:e.org ?all", "e.org MX f.org\nf.org TIMEOUT\n"),
                     SPF_TEMPERROR);
    assert_int_equal(with("v=spf1 exists:e.org ?all", "e.org TIMEOUT\n"), SPF_TEMPERROR);
    assert_text(out.problem, "DNS failed");
}

/* ---- limits */

TEST(test_ten_lookups_are_allowed_over_all_records)
{
    const char *eight = "i.org TXT v=spf1 a a a a a a a a\ni.org A 192.0.2.9\n"
                        "example.com A 192.0.2.9\n";
    assert_int_equal(with("v=spf1 a include:i.org -all", eight), SPF_FAIL);
    assert_int_equal(out.lookups, 10);
    assert_int_equal(with("v=spf1 a include:i.org a ip4:192.0.2.1", eight), SPF_PERMERROR);
    assert_text(out.problem, "more than 10 look-ups");
    assert_int_equal(with("v=spf1 include:example.com", ""), SPF_PERMERROR);
    assert_int_equal(with("v=spf1 redirect=example.com", ""), SPF_PERMERROR);
}

TEST(test_a_macro_that_asks_for_names_costs_a_lookup)
{
    const char *zone = "example.com A 192.0.2.9\nunknown.e.org A 127.0.0.2\n";
    assert_int_equal(with("v=spf1 a a a a a a a a exists:%{p}.e.org", zone), SPF_PASS);
    assert_int_equal(out.lookups, 10);
    assert_int_equal(with("v=spf1 a a a a a a a a a exists:%{p}.e.org", zone), SPF_PERMERROR);
}

TEST(test_two_void_lookups_are_allowed)
{
    assert_int_equal(with("v=spf1 a:1.no.org exists:2.no.org ?all", ""), SPF_NEUTRAL);
    assert_int_equal(with("v=spf1 a:1.no.org mx:2.no.org a:3.no.org ?all", ""), SPF_PERMERROR);
    assert_int_equal(with("v=spf1 a:1.no.org mx:2.no.org -all exp=why.no.org", ""), SPF_FAIL);
}

static struct slice many(const char *name, const char *type, size_t n, const char *last)
{
    struct slice zone = SLICE("");
    for (size_t i = 1; i < n; i++)
        zone = arena_printf(arena, "%.*s%s %s h%zu.org\nh%zu.org A 192.0.2.200\n", SLICE_ARGS(zone),
                            name, type, i, i);
    return arena_printf(arena, "%.*s%s %s %s\n%s A 192.0.2.1\n", SLICE_ARGS(zone), name, type, last,
                        last);
}

TEST(test_ten_names_of_an_answer_are_looked_at)
{
    assert_int_equal(with("v=spf1 mx -all", many("example.com", "MX", 10, "z.org").ptr), SPF_PASS);
    assert_int_equal(with("v=spf1 mx -all", many("example.com", "MX", 11, "z.org").ptr),
                     SPF_PERMERROR);
    const char *reverse = "1.2.0.192.in-addr.arpa";
    assert_int_equal(with("v=spf1 ptr -all", many(reverse, "PTR", 10, "z.example.com").ptr),
                     SPF_PASS);
    assert_int_equal(with("v=spf1 ptr -all", many(reverse, "PTR", 11, "z.example.com").ptr),
                     SPF_FAIL);
}

TEST(test_a_macro_cannot_grow_without_end)
{
    char record[60000] = "v=spf1 exists:";
    for (size_t n = strlen(record); n + 16 < sizeof record; n += 4)
        memcpy(record + n, "%{s}", 5);
    assert_int_equal(with(record, ""), SPF_PERMERROR);
    assert_text(out.problem, "a macro grows too long");
}

TEST(test_a_full_arena_is_no_result)
{
    struct arena *small = arena_new(3000);
    struct dns_answers *answers = dns_answers_new(small);
    struct spf_input input = {.helo = SLICE("h"), .sender = SLICE("a@example.com")};
    assert_true(ip_parse(SLICE("192.0.2.1"), &input.client));
    while (arena_alloc(small, 8))
        ;
    assert_true(!answers || !spf_evaluate(small, answers, &input, &out));
    arena_free(&small);
}

/* ---- macros */

TEST(test_letters_expand)
{
    explains("%{s} %{l} %{o} %{d} %{h}",
             "jo-ann.doe@example.com jo-ann.doe example.com example.com mail.example.com");
    explains("%{i} %{v} %{c} %{r} %{t}", "192.0.2.1 in-addr 192.0.2.1 mx.example.net 1234567890");
    explains("%%%_%-%{p}", "% %20unknown");
}

TEST(test_transformers_cut_and_turn)
{
    explains("%{h1} %{h2} %{h9} %{hr} %{h1r} %{h2r}",
             "com example.com mail.example.com com.example.mail mail example.mail");
    explains("%{l-} %{l1-} %{lr-} %{l1r-} %{lr-.} %{l+}",
             "jo.ann.doe ann.doe ann.doe.jo jo doe.ann.jo jo-ann.doe");
    explains("%{S} %{Hr} %{D1}", "jo-ann.doe%40example.com com.example.mail com");
}

TEST(test_ipv6_expands_to_nibbles)
{
    const char *zone = "example.com TXT v=spf1 -all exp=%{ir}.%{v}.why.org\n"
                       "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.why."
                       "org TXT %{c} %{i1}\n";
    assert_int_equal(check("2001:DB8::1", "h", "a@example.com", zone), SPF_FAIL);
    assert_text(out.explanation, "2001:db8::1 1");
}

TEST(test_the_validated_name_prefers_the_domain)
{
    const char *zone = "example.com TXT v=spf1 -all exp=why.org\nwhy.org TXT %{p}\n"
                       "1.2.0.192.in-addr.arpa PTR other.org\nother.org A 192.0.2.1\n"
                       "1.2.0.192.in-addr.arpa PTR x.example.com\nx.example.com A 192.0.2.1\n"
                       "1.2.0.192.in-addr.arpa PTR example.com\nexample.com A 192.0.2.9\n";
    assert_int_equal(check("192.0.2.1", "h", "a@example.com", zone), SPF_FAIL);
    assert_text(out.explanation, "x.example.com");
}

TEST(test_a_long_domain_loses_labels_at_its_left)
{
    char label[64], sender[400], record[200] = "v=spf1 exists:%{l}.%{d} -all";
    memset(label, 'a', 62);
    label[62] = '\0';
    snprintf(sender, sizeof sender, "x.%s.%s.%s.%s@example.com", label, label, label, label);
    struct slice zone =
        arena_printf(arena, "example.com TXT %s\n%s.%s.%s.example.com A 127.0.0.2\n", record, label,
                     label, label);
    assert_int_equal(check("192.0.2.1", "h", sender, zone.ptr), SPF_PASS);
}

TEST(test_a_doubtful_explanation_is_none)
{
    explains("%{x}", "");
    explains("%{d", "");
    explains("\xef\xbb\xbfhello", "");
    explains("one\nwhy.example.com TXT two", "");
    const char *zone = "example.com TXT v=spf1 -all exp=why.org\nwhy.org TXT to %{l}\n";
    assert_int_equal(check("192.0.2.1", "h", "a\r\nb@example.com", zone), SPF_FAIL);
    assert_text(out.explanation, "");
}

/* ---- restarts */

TEST(test_names_are_wanted_ahead)
{
    struct dns_answers *answers = dns_answers_new(arena);
    struct spf_input input = {.sender = SLICE("a@example.com")};
    struct slice zone = SLICE("example.com TXT v=spf1 a include:i.org include:%{d}.j.org "
                              "include:k.org redirect=r.org\n");
    size_t count;
    assert_true(ip_parse(SLICE("192.0.2.1"), &input.client));
    assert_false(spf_evaluate(arena, answers, &input, &out));
    struct dns_answer answer = spf_zone_answer(arena, zone, SLICE("example.com"), DNS_TXT);
    assert_true(dns_answers_add(answers, SLICE("example.com"), DNS_TXT, &answer));
    dns_answers_restart(answers);
    assert_false(spf_evaluate(arena, answers, &input, &out));
    const struct dns_wanted *wanted = dns_wanted(answers, &count);
    assert_int_equal(count, 4);
    assert_text(wanted[0].name, "i.org");
    assert_text(wanted[1].name, "k.org");
    assert_text(wanted[2].name, "r.org");
    assert_text(wanted[3].name, "example.com");
    assert_int_equal(wanted[3].type, DNS_A);
}

TEST(test_mx_hosts_are_asked_together)
{
    assert_int_equal(with("v=spf1 mx -all", many("example.com", "MX", 10, "z.org").ptr), SPF_PASS);
    assert_int_equal(run.runs, 4);
    assert_int_equal(run.questions, 12);
}
