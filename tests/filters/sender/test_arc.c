/* SPDX-License-Identifier: ISC
 * The structure of chains; signatures are the business of test_arc.py. */
#include "filters/sender/arc.h"
#include "tests/harness/unit.h"

#include <stdlib.h>

#define AAR(i) "ARC-Authentication-Results: i=" i "; mx.example.org; spf=pass\r\n"
#define AMS(i)                                                                                     \
    "ARC-Message-Signature: i=" i "; a=rsa-sha256; c=relaxed/relaxed; d=m" i ".example; s=s;"      \
    " h=from; bh=AAAA; b=AAAA\r\n"
#define AS(i, cv) "ARC-Seal: i=" i "; a=rsa-sha256; cv=" cv "; d=s" i ".example; s=s; b=AAAA\r\n"
#define END "From: a@b\r\n\r\nbody\r\n"

ARENA(4 * 1024 * 1024);
static struct dns_answers *dns;
static struct arc_outcome out;

static void set_up(void)
{
    make_arena();
    dns = dns_answers_new(arena);
    assert_non_null(dns);
}

EACH_TEST(set_up, free_arena);

TEST(test_no_chain)
{
    static const char *const messages[] = {"", "\r\n", END, ("ARC-Sealed: i=1\r\n" END)};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        assert_true(arc_examine(arena, dns, slice_of(messages[i]), 0, &out));
        assert_int_equal(out.result, ARC_NONE);
    }
}

TEST(test_malformed_chains_fail_without_dns)
{
    static const struct {
        const char *message, *reason;
    } cases[] = {
        {AMS("1") AS("1", "none") END, "an instance is not complete"},
        {AAR("1") AS("1", "none") END, "an instance is not complete"},
        {AAR("1") AMS("1") END, "an instance is not complete"},
        {AAR("2") AMS("2") AS("2", "pass") END, "an instance is not complete"},
        {AAR("1") AAR("1") AMS("1") AS("1", "none") END,
         "an instance has two ARC-Authentication-Results"},
        {AAR("1") AMS("1") AMS("1") AS("1", "none") END,
         "an instance has two signatures of one kind"},
        {AAR("0") AMS("1") AS("1", "none") END, "ARC-Authentication-Results without an instance"},
        {AAR("51") AMS("1") AS("1", "none") END, "ARC-Authentication-Results without an instance"},
        {AAR("1") AMS("") AS("1", "none") END, "a signature without an instance"},
        {AAR("1") AMS("99999999999999999999") END, "a signature without an instance"},
        {AAR("1") "ARC-Seal: ;;\r\n" END, "malformed tag list"},
        {AAR("1") AMS("1") AS("1", "pass") END, "cv= is not what it must be"},
        {AAR("1") AMS("1") AS("1", "fail") END, "the last sealer found the chain broken"},
        {AAR("1") AMS("1") AS("1", "none") AAR("2") AMS("2") AS("2", "none") END,
         "cv= is not what it must be"},
        {AAR("1") AMS("1") AS("1", "none") "Dear customer\r\n" END,
         "a line of the header is no field"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(arc_examine(arena, dns, slice_of(cases[i].message), 0, &out));
        assert_string_equal(out.reason, cases[i].reason);
        assert_int_equal(out.result, ARC_FAIL);
        assert_false(dns_missed(dns));
    }
}

TEST(test_all_keys_are_asked_for_at_once)
{
    static const char message[] =
        AAR("1") AMS("1") AS("1", "none") AAR("2") AMS("2") AS("2", "pass") END;
    size_t count;
    assert_false(arc_examine(arena, dns, slice_of(message), 0, &out));
    const struct dns_wanted *wanted = dns_wanted(dns, &count);
    assert_int_equal(count, 4);
    assert_true(slice_eq(wanted[0].name, SLICE("s._domainkey.m2.example")));
}

TEST(test_sealers_are_told_of_chains_that_fail)
{
    assert_true(arc_examine(arena, dns, SLICE(AAR("1") AMS("1") AS("1", "fail") END), 0, &out));
    assert_int_equal(out.count, 1);
    assert_true(slice_eq(out.sealers[0].domain, SLICE("s1.example")));
    assert_true(slice_eq(out.sealers[0].authentication_results, SLICE("mx.example.org; spf=pass")));
    assert_int_equal(out.oldest_pass, 0);
}
