/* SPDX-License-Identifier: ISC
 * From a job to the facts of its sender, over rounds of DNS answers.
 * Evaluators have their own tests. */
#include "filters/examine.h"
#include "filters/sender/dkim_example.h"
#include "filters/sender/dmarc.h"
#include "filters/sender/spf.h"
#include "tests/harness/spf_zone.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 64 << 20, ROUNDS_MAX = 20 };

#define FOOTBALL                                                                                   \
    "football.example.com TXT v=spf1 ip4:192.0.2.0/24 -all\n"                                      \
    "mail.example.com TXT v=spf1 a -all\n"                                                         \
    "mail.example.com A 192.0.2.1\n"                                                               \
    "_dmarc.example.com TXT v=DMARC1; p=reject; sp=quarantine; rua=mailto:a@b.example\n"

ARENA(ARENA_MAX);
static struct dns_answers *keys; /* of the example */
static struct scan_job job;
static struct scan_answer answer;
static bool validated; /* what the zone answers is */

static void set_up(void)
{
    make_arena();
    keys = dns_answers_new(arena);
    assert_true(keys && dkim_example_keys(keys));
    dns_answers_close(keys);
    validated = false;
    job = (struct scan_job){
        .spf = true,
        .authentication = true,
        .from = {.helo = SLICE("mail.example.com"),
                 .sender = SLICE("joe@football.example.com"),
                 .receiver = SLICE("gw.example"),
                 .now = DKIM_EXAMPLE_TIME},
        .dns = dns_answers_new(arena),
    };
    assert_true(job.dns && ip_parse(SLICE("192.0.2.1"), &job.from.client));
}

EACH_TEST(set_up, free_arena);

static void answer_wanted(const char *zone)
{
    for (size_t i = 0; i < answer.wanted_count; i++) {
        const struct dns_wanted *wanted = &answer.wanted[i];
        struct dns_answer found;
        dns_look_up(keys, wanted->name, wanted->type, &found);
        if (found.status != DNS_FOUND)
            found = spf_zone_answer(arena, slice_of(zone), wanted->name, wanted->type);
        found.authenticated = validated;
        assert_true(dns_answers_add(job.dns, wanted->name, wanted->type, &found));
    }
}

/* How many rounds it took. */
static int settle(const char *zone, struct slice message)
{
    int rounds = 1;
    for (; rounds < ROUNDS_MAX; rounds++) {
        assert_true(examine(arena, message, &job, &answer));
        if (answer.wanted_count == 0)
            break;
        answer_wanted(zone);
    }
    return rounds;
}

static const struct value *fact(enum fact id)
{
    return &answer.facts.fact[id];
}

static void assert_word(enum fact id, const char *expected)
{
    assert_int_equal(fact(id)->state, VALUE_KNOWN);
    assert_string_equal(fact_info(id)->type.words->words[fact(id)->integer], expected);
}

static void assert_text(const struct value *value, const char *expected)
{
    assert_int_equal(value->state, VALUE_KNOWN);
    if (!slice_eq(value->text, slice_of(expected)))
        fail_msg("\"%.*s\" instead of \"%s\"", SLICE_ARGS(value->text), expected);
}

static void assert_absent(enum fact id)
{
    assert_int_equal(fact(id)->state, VALUE_ABSENT);
}

static bool wants(const char *name)
{
    for (size_t i = 0; i < answer.wanted_count; i++)
        if (slice_ieq(answer.wanted[i].name, slice_of(name)))
            return true;
    return false;
}

static const struct value *signature_field(size_t i, enum field_index field)
{
    assert_true(i < fact(FACT_DKIM)->list.count);
    return &fact(FACT_DKIM)->list.items[i].fields[field];
}

/* ---- all of it ---- */

TEST(test_a_signed_message_passes)
{
    assert_int_equal(settle(FOOTBALL, dkim_example()), 3);
    assert_word(FACT_SPF_RESULT, "pass");
    assert_word(FACT_SPF_IDENTITY, "mailfrom");
    assert_text(fact(FACT_SPF_DOMAIN), "football.example.com");
    assert_text(fact(FACT_SPF_MECHANISM), "ip4:192.0.2.0/24");
    assert_absent(FACT_SPF_EXPLANATION);
    assert_absent(FACT_SPF_PROBLEM);
    assert_word(FACT_SPF_HELO, "pass");
    assert_word(FACT_DKIM_RESULT, "pass");
    assert_int_equal(fact(FACT_DKIM)->list.count, 2);
    assert_text(signature_field(0, signature_domain), "football.example.com");
    assert_text(signature_field(0, signature_selector), "brisbane");
    assert_text(signature_field(1, signature_algorithm), "rsa-sha256");
    assert_int_equal(signature_field(1, signature_bits)->number, 1024);
    assert_int_equal(signature_field(1, signature_reason)->state, VALUE_ABSENT);
    assert_true(signature_field(1, signature_whole_body)->truth);
    assert_true(signature_field(1, signature_aligned)->truth);
    assert_false(signature_field(1, signature_dnssec)->truth);
    assert_word(FACT_DMARC_RESULT, "pass");
    assert_word(FACT_DMARC_POLICY, "quarantine");
    assert_word(FACT_DMARC_PUBLISHED, "quarantine");
    assert_text(fact(FACT_DMARC_DOMAIN), "football.example.com");
    assert_text(fact(FACT_DMARC_RECORD_DOMAIN), "example.com");
    assert_absent(FACT_DMARC_REASON);
    assert_true(fact(FACT_DMARC_SPF_ALIGNED)->truth && fact(FACT_DMARC_DKIM_ALIGNED)->truth);
    assert_text(&fact(FACT_DMARC_REPORTS)->list.items[0], "mailto:a@b.example");
    assert_int_equal(fact(FACT_DMARC_FAILURE_REPORTS)->list.count, 0);
    assert_word(FACT_ARC_RESULT, "none");
    assert_absent(FACT_ARC_REASON);
    assert_absent(FACT_ARC_OLDEST_PASS);
    assert_absent(FACT_ARC_DMARC);
    assert_false(fact(FACT_SPF_DNSSEC)->truth || fact(FACT_DMARC_DNSSEC)->truth);
}

TEST(test_one_round_asks_for_everything)
{
    assert_true(examine(arena, dkim_example(), &job, &answer));
    assert_int_equal(answer.wanted_count, 7);
    assert_true(wants("football.example.com"));
    assert_true(wants("mail.example.com"));
    assert_true(wants("brisbane._domainkey.football.example.com"));
    assert_true(wants("test._domainkey.football.example.com"));
    assert_true(wants("_dmarc.football.example.com"));
    assert_true(wants("_dmarc.example.com"));
    assert_true(wants("_dmarc.com"));
    assert_int_equal(fact(FACT_SPF_RESULT)->state, VALUE_PENDING);
    assert_int_equal(fact(FACT_DKIM_RESULT)->state, VALUE_PENDING);
}

TEST(test_content_does_not_wait_for_dns)
{
    job.message = job.attachments = true;
    assert_true(examine(arena, dkim_example(), &job, &answer));
    assert_true(answer.wanted_count > 0);
    assert_text(fact(FACT_MESSAGE_SUBJECT), "Is dinner ready?");
    assert_int_equal(fact(FACT_ATTACHMENTS)->state, VALUE_KNOWN);
    assert_int_equal(fact(FACT_DMARC_RESULT)->state, VALUE_PENDING);
    assert_int_equal(answer.part_count, 1);
}

TEST(test_only_what_is_asked_for_is_answered)
{
    job.authentication = false;
    settle(FOOTBALL, (struct slice){NULL, 0});
    assert_word(FACT_SPF_RESULT, "pass");
    assert_int_equal(fact(FACT_DKIM)->state, VALUE_PENDING);
    assert_int_equal(answer.part_count, 0);
    job.authentication = true;
    job.spf = false;
    settle(FOOTBALL, dkim_example());
    assert_int_equal(fact(FACT_SPF_RESULT)->state, VALUE_PENDING);
    assert_int_equal(fact(FACT_MESSAGE_SUBJECT)->state, VALUE_PENDING);
    assert_word(FACT_DMARC_RESULT, "pass");
    assert_true(fact(FACT_DMARC_SPF_ALIGNED)->truth);
}

TEST(test_authentication_needs_a_message)
{
    assert_false(examine(arena, (struct slice){NULL, 0}, &job, &answer));
}

TEST(test_a_complete_table_leaves_nothing_to_want)
{
    job.dns_complete = true;
    assert_int_equal(settle("", dkim_example()), 1);
    assert_word(FACT_SPF_RESULT, "none");
    assert_word(FACT_DKIM_RESULT, "permerror");
    assert_text(signature_field(0, signature_reason), "no key in DNS");
    assert_word(FACT_DMARC_RESULT, "none");
    assert_absent(FACT_DMARC_POLICY);
    assert_absent(FACT_DMARC_RECORD_DOMAIN);
    job.dns = NULL;
    assert_int_equal(settle("", dkim_example()), 1);
}

TEST(test_what_dnssec_validated_is_told)
{
    validated = true;
    settle(FOOTBALL, dkim_example());
    assert_true(fact(FACT_SPF_DNSSEC)->truth && fact(FACT_DMARC_DNSSEC)->truth);
    assert_true(signature_field(0, signature_dnssec)->truth);
}

/* ---- SPF ---- */

TEST(test_a_forger_fails)
{
    assert_true(ip_parse(SLICE("198.51.100.1"), &job.from.client));
    job.from.helo = SLICE("[198.51.100.1]");
    settle("football.example.com TXT v=spf1 ip4:192.0.2.0/24 -all exp=why.example\n"
           "why.example TXT %{i} may not\n",
           SLICE("From: Joe <joe@football.example.com>\r\n\r\nhi\r\n"));
    assert_word(FACT_SPF_RESULT, "fail");
    assert_word(FACT_SPF_HELO, "none");
    assert_text(fact(FACT_SPF_MECHANISM), "-all");
    assert_text(fact(FACT_SPF_EXPLANATION), "198.51.100.1 may not");
}

TEST(test_a_null_sender_is_its_helo_name)
{
    job.from.sender = SLICE("");
    settle(FOOTBALL, dkim_example());
    assert_word(FACT_SPF_RESULT, "pass");
    assert_word(FACT_SPF_IDENTITY, "helo");
    assert_text(fact(FACT_SPF_DOMAIN), "mail.example.com");
    assert_word(FACT_SPF_HELO, "pass");
    assert_true(fact(FACT_DMARC_SPF_ALIGNED)->truth);
}

TEST(test_what_is_wrong_with_spf_is_told)
{
    settle("football.example.com TXT v=spf1 nonsense\n", dkim_example());
    assert_word(FACT_SPF_RESULT, "permerror");
    assert_text(fact(FACT_SPF_MECHANISM), "nonsense");
    assert_text(fact(FACT_SPF_PROBLEM), "a syntax error in an SPF record");
}

/* ---- DMARC ---- */

static const char forged[] = "From: Joe <joe@football.example.com>\r\n\r\nhi\r\n";

TEST(test_a_forged_author_fails_with_the_policy_asked)
{
    job.from.sender = SLICE("evil@evil.example");
    settle(FOOTBALL, slice_of(forged));
    assert_word(FACT_DKIM_RESULT, "none");
    assert_word(FACT_DMARC_RESULT, "fail");
    assert_word(FACT_DMARC_POLICY, "quarantine");
    assert_false(fact(FACT_DMARC_SPF_ALIGNED)->truth || fact(FACT_DMARC_DKIM_ALIGNED)->truth);
}

TEST(test_a_test_softens_the_policy_and_pct_does_not)
{
    static const struct {
        const char *record, *policy;
        bool testing;
    } cases[] = {
        {"p=reject; pct=0", "reject", false}, {"p=reject; t=y", "quarantine", true},
        {"p=quarantine; t=y", "none", true},  {"p=none; t=y; pct=1", "none", true},
        {"p=reject; t=n", "reject", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char zone[256];
        snprintf(zone, sizeof zone, "_dmarc.football.example.com TXT v=DMARC1; %s\n",
                 cases[i].record);
        job.dns = dns_answers_new(arena);
        settle(zone, dkim_example());
        assert_word(FACT_DMARC_RESULT, "pass");
        assert_word(FACT_DMARC_POLICY, cases[i].policy);
        assert_int_equal(fact(FACT_DMARC_TESTING)->truth, cases[i].testing);
    }
    assert_word(FACT_DMARC_PUBLISHED, "reject");
    assert_text(fact(FACT_DMARC_ORG_DOMAIN), "football.example.com");
}

TEST(test_trouble_with_dns_is_temporary)
{
    settle("football.example.com TIMEOUT x\nmail.example.com SERVFAIL x\n"
           "_dmarc.football.example.com TXT v=DMARC1; p=reject\n",
           slice_of(forged));
    assert_word(FACT_SPF_RESULT, "temperror");
    assert_word(FACT_SPF_HELO, "temperror");
    assert_word(FACT_DMARC_RESULT, "temperror");
    assert_word(FACT_DMARC_POLICY, "reject");
    assert_text(fact(FACT_DMARC_REASON), "an aligned identifier could not be verified");
    job.dns = dns_answers_new(arena);
    settle("_dmarc.football.example.com SERVFAIL x\n", slice_of(forged));
    assert_word(FACT_DMARC_RESULT, "temperror");
    assert_absent(FACT_DMARC_POLICY);
    assert_false(answer.facts.unasked);
}

static void add_unasked(const char *name)
{
    static const struct dns_answer unasked = {.status = DNS_UNASKED};
    assert_true(dns_answers_add(job.dns, slice_of(name), DNS_TXT, &unasked));
}

static void assert_unknown(enum fact id)
{
    assert_int_equal(fact(id)->state, VALUE_UNKNOWN);
}

/* The sender may have used up what may be asked. */
TEST(test_what_could_not_be_asked_is_no_answer)
{
    job.dns = dns_answers_new(arena);
    add_unasked("_dmarc.football.example.com");
    settle("football.example.com TXT v=spf1 -all\n", slice_of(forged));
    assert_unknown(FACT_DMARC_RESULT);
    assert_unknown(FACT_DMARC_POLICY);
    assert_unknown(FACT_DMARC_TESTING);
    assert_text(fact(FACT_DMARC_REASON), "more DNS questions than may be asked");
    assert_true(answer.facts.unasked);
    job.dns = dns_answers_new(arena);
    add_unasked("football.example.com");
    settle("_dmarc.football.example.com TIMEOUT x\n", slice_of(forged));
    assert_unknown(FACT_DMARC_RESULT);
    assert_unknown(FACT_DMARC_POLICY);
    job.dns = dns_answers_new(arena);
    add_unasked("football.example.com");
    settle("_dmarc.football.example.com TXT v=DMARC1; p=none\n", slice_of(forged));
    assert_unknown(FACT_DMARC_RESULT);
    assert_word(FACT_DMARC_POLICY, "none");
    job.dns = dns_answers_new(arena);
    add_unasked("mail.example.com"); /* it could make no difference */
    settle("_dmarc.football.example.com TXT v=DMARC1; p=reject\n"
           "football.example.com TXT v=spf1 -all\n",
           slice_of(forged));
    assert_word(FACT_DMARC_RESULT, "fail");
}

#define SET(seal)                                                                                  \
    "ARC-Seal: i=1; a=rsa-sha256; cv=none; " seal "; b=AAAA\r\n"                                   \
    "ARC-Message-Signature: i=1; a=rsa-sha256; d=slow.example; s=s; h=from; bh=AAAA; b=AAAA\r\n"   \
    "ARC-Authentication-Results: i=1; x.example; dmarc=pass\r\n"                                   \
    "From: joe@football.example.com\r\n\r\nhi\r\n"

/* A list's mail is not to be refused because its key cannot be had now. */
TEST(test_a_chain_whose_keys_the_dns_withholds_is_unknown)
{
    settle("s._domainkey.slow.example TIMEOUT x\n", SLICE(SET("d=slow.example; s=s")));
    assert_int_equal(fact(FACT_ARC_RESULT)->state, VALUE_UNKNOWN);
    assert_int_equal(fact(FACT_ARC_DMARC)->state, VALUE_UNKNOWN);
    assert_text(&fact(FACT_ARC_SEALERS)->list.items[0], "slow.example");
}

TEST(test_a_chain_with_a_forged_seal_fails_whatever_the_dns_withholds)
{
    settle("s._domainkey.slow.example TIMEOUT x\n", SLICE(SET("d=football.example.com; s=test")));
    assert_word(FACT_ARC_RESULT, "fail");
    assert_text(fact(FACT_ARC_REASON), "a signature does not verify");
    assert_absent(FACT_ARC_DMARC);
}

TEST(test_alignment_needs_no_record)
{
    settle("football.example.com TXT v=spf1 +all\n", dkim_example());
    assert_word(FACT_DMARC_RESULT, "none");
    assert_true(fact(FACT_DMARC_SPF_ALIGNED)->truth && fact(FACT_DMARC_DKIM_ALIGNED)->truth);
    assert_true(signature_field(0, signature_aligned)->truth);
}

TEST(test_strict_alignment_counts)
{
    job.from.sender = SLICE("joe@mail.example.com");
    settle(FOOTBALL "_dmarc.football.example.com TXT v=DMARC1; p=reject; aspf=s; adkim=s\n",
           dkim_example());
    assert_word(FACT_SPF_RESULT, "pass");
    assert_false(fact(FACT_DMARC_SPF_ALIGNED)->truth);
    assert_true(fact(FACT_DMARC_DKIM_ALIGNED)->truth);
    assert_word(FACT_DMARC_RESULT, "pass");
}

TEST(test_a_name_that_does_not_exist_has_its_own_policy)
{
    static const char zone[] =
        "_dmarc.example.com TXT v=DMARC1; p=none; sp=none; np=reject\nexample.com A 192.0.2.1\n";
    static const char message[] = "From: a@nowhere.example.com\r\n\r\n";
    job.from.sender = SLICE("");
    settle(zone, slice_of(message));
    assert_word(FACT_DMARC_POLICY, "reject");
    assert_text(fact(FACT_DMARC_ORG_DOMAIN), "example.com");
}

TEST(test_messages_without_one_author)
{
    settle(FOOTBALL, SLICE("Subject: no author\r\n\r\n"));
    assert_word(FACT_DMARC_RESULT, "none");
    assert_absent(FACT_DMARC_DOMAIN);
    settle(FOOTBALL, SLICE("From: a@football.example.com\r\nFrom: a@evil.example\r\n\r\n"));
    assert_word(FACT_DMARC_RESULT, "fail");
    assert_word(FACT_DMARC_POLICY, "quarantine");
    assert_text(fact(FACT_DMARC_REASON), "several authors");
    assert_false(fact(FACT_DMARC_SPF_ALIGNED)->truth);
    settle(FOOTBALL, SLICE("From: a@b c\r\n\r\n"));
    assert_word(FACT_DMARC_RESULT, "none");
}

/* ---- From, as the message has it ---- */

TEST(test_tricks_with_from_are_told)
{
    static const struct {
        const char *from;
        double fields;
        bool several, invalid, group, encoded, eight_bit, other;
    } cases[] = {
        {"From: A <a@b.example>\r\n", .fields = 1},
        {"", .fields = 0},
        {"From: a@b.example\r\nFrom: a@b.example\r\n", .fields = 2},
        {"From: a@b.example, c@d.example\r\n", .fields = 1, .several = true},
        {"From: a@b.example\r\nFrom: a@d.example\r\n", .fields = 2, .several = true},
        {"From: a@b..example\r\n", .fields = 1, .invalid = true},
        {"From: <a@b.example\r\n", .fields = 1, .invalid = true},
        {"From: Us: a@b.example;\r\n", .fields = 1, .group = true},
        {"From: =?utf-8?q?a=40x.example?=@b.example\r\n", 1, .invalid = true, .encoded = true},
        {"From: \"\xc3\xa4\" <a@b.example>\r\n", .fields = 1, .eight_bit = true},
        {"From: \"ceo@c.example\" <a@b.example>\r\n", .fields = 1, .other = true},
    };
    job = (struct scan_job){.message = true};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice message = arena_printf(arena, "%s\r\nhi\r\n", cases[i].from);
        assert_true(examine(arena, message, &job, &answer));
        const bool told[] = {
            fact(FACT_MESSAGE_FROM_SEVERAL)->truth,   fact(FACT_MESSAGE_FROM_INVALID)->truth,
            fact(FACT_MESSAGE_FROM_GROUP)->truth,     fact(FACT_MESSAGE_FROM_ENCODED)->truth,
            fact(FACT_MESSAGE_FROM_EIGHT_BIT)->truth, fact(FACT_MESSAGE_FROM_NAMES_OTHER)->truth};
        const bool expected[] = {cases[i].several, cases[i].invalid,   cases[i].group,
                                 cases[i].encoded, cases[i].eight_bit, cases[i].other};
        assert_int_equal(fact(FACT_MESSAGE_FROM_FIELDS)->number, cases[i].fields);
        for (size_t k = 0; k < sizeof told; k++)
            if (told[k] != expected[k])
                fail_msg("case %zu: flag %zu is %d", i, k, told[k]);
    }
}

/* ---- bounds ---- */

TEST(test_a_small_arena_is_told_not_overrun)
{
    settle(FOOTBALL, dkim_example());
    struct buf bytes = buf_init(SCAN_JOB_MAX);
    assert_true(scan_job_encode(&bytes, &job));
    unsigned answered = 0;
    for (size_t max = 1024; max < 300000; max += 997) {
        struct arena *small = arena_new(max);
        struct scan_job copy;
        struct scan_answer got;
        if (scan_job_decode(buf_slice(&bytes), small, &copy) &&
            examine(small, dkim_example(), &copy, &got)) {
            assert_int_equal(got.wanted_count, 0);
            assert_int_equal(got.facts.fact[FACT_DMARC_RESULT].integer, DMARC_PASS);
            answered++;
        }
        arena_free(&small);
    }
    assert_true(answered > 0);
    buf_release(&bytes);
}

TEST(test_many_sets_and_signatures_are_wanted_at_once)
{
    struct buf message = buf_init(1 << 20);
    for (int i = 1; i <= 50; i++)
        buf_printf(&message,
                   "ARC-Seal: i=%d; a=rsa-sha256; cv=%s; d=s%d.example; s=s; b=AAAA\r\n"
                   "ARC-Message-Signature: i=%d; a=rsa-sha256; d=m%d.example; s=s; h=from; "
                   "bh=AAAA; b=AAAA\r\n"
                   "ARC-Authentication-Results: i=%d; x.example; dmarc=pass\r\n",
                   i, i == 1 ? "none" : "pass", i, i, i, i);
    for (int i = 0; i < 12; i++)
        buf_printf(&message,
                   "DKIM-Signature: v=1; a=rsa-sha256; d=d%d.example; s=s; h=from; bh=AAAA; "
                   "b=AAAA\r\n",
                   i);
    buf_cstr(&message, "From: joe@football.example.com\r\n\r\nhi\r\n");
    assert_true(examine(arena, buf_slice(&message), &job, &answer));
    assert_int_equal(answer.wanted_count, 100 + 10 + 3 + 2);
    assert_true(slice_ieq(answer.wanted[2].name, SLICE("_dmarc.football.example.com")));
    assert_int_equal(settle(FOOTBALL, buf_slice(&message)), 3);
    assert_word(FACT_ARC_RESULT, "fail");
    assert_int_equal(fact(FACT_ARC_SEALERS)->list.count, 50);
    assert_absent(FACT_ARC_DMARC);
    assert_int_equal(fact(FACT_DKIM)->list.count, 10);
    assert_true(fact(FACT_DKIM)->list.cut);
    buf_release(&message);
}
