/* SPDX-License-Identifier: ISC
 * Words, times and records of senders, in rules, tests and texts. */
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>

/* Runs the tests of a configuration; all must pass. */
static void all_pass(const char *text)
{
    struct buf report = buf_init(65536);
    unsigned total;
    struct config *c = load_good(text);
    assert_non_null(c);
    assert_int_equal(config_run_tests(c, &total, &report), 0);
    assert_true(total > 0);
    config_free(&c);
    buf_release(&report);
}

static void refuses(const char *text, const char *message)
{
    assert_true(is_refused(text, message));
}

TEST(test_words_are_those_of_the_facts_type)
{
    all_pass(
        "rule \"spf\" when spf.result in (fail, softfail) and spf.identity == helo then reject\n"
        "rule \"dmarc\" when dmarc.result == none and dmarc.policy != none then discard\n"
        "rule \"arc\" when not (arc.result in (none)) or spf.helo in [neutral, permerror] "
        "then defer\n"
        "test \"clean\" { expect accept }\n"
        "test \"spf\" { given spf.result softfail given spf.identity helo expect reject }\n"
        "test \"dmarc\" { given dmarc.result none given dmarc.policy absent expect discard }\n"
        "test \"arc\" { given arc.result pass expect defer }\n"
        "test \"helo\" { given spf.helo permerror expect defer }\n");
    refuses("rule \"r\" when spf.result in (fail, soffail) then reject\n",
            "t.conf:1:36: error: unknown word 'soffail' for spf_result; did you mean 'softfail'?");
    refuses("rule \"r\" when spf.result in (fail softfail) then reject\n", "expected ','");
    refuses("rule \"r\" when arc.result == softfail then reject\n", "for arc_result");
}

TEST(test_lists_in_parentheses_are_lists)
{
    all_pass(
        "rule \"t\" when helo in (\"a.test\", \"b.test\") or client.ip in (\"10.0.0.0/8\") then "
        "reject\n"
        "test \"1\" { given helo \"B.test\" expect reject }\n"
        "test \"2\" { given client.ip \"10.1.2.3\" expect reject }\n"
        "test \"3\" { expect accept }\n");
}

TEST(test_signatures_are_records)
{
    all_pass(
        "table trusted { \"list.example\" \"*.good.example\" }\n"
        "rule \"s\" when any s in dkim (s.result == pass and s.domain in trusted) then discard\n"
        "rule \"l\" when any s in dkim (not s.whole_body or s.bits < 1024 and s.bits > 0) "
        "then reject \"{s.domain}\"\n"
        "test \"none\" { given dkim [] expect accept }\n"
        "test \"pass\" { given dkim [ { domain \"a.good.example\" } ] expect discard by \"s\" }\n"
        "test \"fail\" { given dkim [ { domain \"list.example\" result fail } ] expect accept }\n"
        "test \"part\" { given dkim [ { domain \"x.test\" whole_body false } ] expect reject }\n"
        "test \"cut\" { given dkim [] cut expect accept }\n");
}

TEST(test_times_are_compared_with_dates)
{
    all_pass("rule \"new\" when sender.first_seen is absent and sender.messages < 3 then discard\n"
             "rule \"old\" when sender.first_seen < \"2026-02-01\" then accept\n"
             "rule \"else\" then reject\n"
             "test \"new\" { given sender.messages 0 expect discard }\n"
             "test \"old\" { given sender.first_seen \"2026-01-31 23:59\" expect accept }\n"
             "test \"late\" { given sender.first_seen \"2026-02-01\" expect reject }\n");
    refuses("rule \"r\" when sender.first_seen < \"yesterday\" then reject\n",
            "expected a date in quotes, such as \"2026-01-31\"");
    refuses("rule \"r\" when sender.first_seen < 5d then reject\n", "expected a date in quotes");
}

TEST(test_texts_write_durations_and_times_for_people)
{
    struct facts facts = {0};
    struct verdict v;
    struct arena *arena = arena_new(65536);
    struct config *c = load_good("rule \"g\" when greylist.wait > 1min then defer 451 4.7.1 "
                                 "\"first seen {greylist.first_seen}, try again in "
                                 "{greylist.wait}; {sender.first_seen}\"\n");
    assert_non_null(c);
    facts.fact[FACT_GREYLIST_WAIT] = value_integer(299001);
    facts.fact[FACT_GREYLIST_FIRST_SEEN] = value_integer(1769817600);
    facts.fact[FACT_SENDER_FIRST_SEEN] = value_absent();
    assert_int_equal(policy_evaluate(c->policy, &facts, PHASE_MESSAGE, arena, &v), OUTCOME_DECIDED);
    assert_true(
        slice_eq(v.text, SLICE("first seen 2026-01-31 00:00 UTC, try again in 5 minutes; none")));
    arena_free(&arena);
    config_free(&c);
}
