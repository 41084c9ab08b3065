/* SPDX-License-Identifier: ISC
 * The action delay: what holds a reply back, and when. */
#include "policy/explain.h"
#include "policy/verdict_json.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>

struct world {
    struct config *config;
    struct arena *arena;
    struct facts facts;
    struct verdict verdict;
};

/* Facts of a clean message, as far as this phase brings them. */
static void open_world(struct world *w, const char *text, enum phase phase)
{
    *w = (struct world){.config = load_good(text), .arena = arena_new(1 << 20)};
    assert_non_null(w->config);
    for (unsigned i = 0; i < FACT_COUNT; i++)
        if (fact_info((enum fact)i)->phase <= phase)
            w->facts.fact[i] = fact_baseline((enum fact)i);
}

static void close_world(struct world *w)
{
    arena_free(&w->arena);
    config_free(&w->config);
}

static enum outcome at(struct world *w, enum phase phase)
{
    return policy_evaluate(w->config->policy, &w->facts, phase, w->arena, &w->verdict);
}

TEST(test_the_longest_delay_counts_up_to_the_verdict)
{
    struct world w;
    open_world(&w,
               "rule \"a\" when helo == \"client.example\" then delay 2s, delay 1s\n"
               "observe rule \"o\" then delay 1min\n"
               "rule \"b\" when helo == \"client.example\" then delay 5s, reject 550 5.7.1 \"no\"\n"
               "rule \"c\" when helo == \"client.example\" then delay 30s\n",
               PHASE_MESSAGE);
    assert_int_equal(at(&w, PHASE_MESSAGE), OUTCOME_DECIDED);
    assert_int_equal(w.verdict.action, ACTION_REJECT);
    assert_int_equal(w.verdict.delay, 5000);
    w.facts.fact[FACT_HELO] = value_text(SLICE("other"));
    assert_int_equal(at(&w, PHASE_MESSAGE), OUTCOME_DECIDED);
    assert_int_equal(w.verdict.delay, 0);
    close_world(&w);
}

TEST(test_a_delay_is_told_while_the_verdict_is_pending)
{
    struct world w;
    open_world(
        &w,
        "rule \"big\" when message.size > 10MiB then reject\n"
        "rule \"slow\" when client.ip in \"192.0.2.0/24\" then delay 5s\n"
        "rule \"text\" when helo == \"client.example\" then delay 7s, reject \"{recipient}\"\n"
        "rule \"later\" when sender is known then delay 9s\n",
        PHASE_HELO);
    assert_int_equal(at(&w, PHASE_HELO), OUTCOME_PENDING);
    assert_int_equal(w.verdict.delay, 7000);
    w.facts.fact[FACT_SENDER] = value_text(SLICE("a@b.test"));
    assert_int_equal(at(&w, PHASE_MAIL), OUTCOME_PENDING);
    assert_int_equal(w.verdict.delay, 9000);
    w.facts.fact[FACT_HELO] = w.facts.fact[FACT_SENDER] = (struct value){0};
    assert_int_equal(at(&w, PHASE_CONNECT), OUTCOME_PENDING);
    assert_int_equal(w.verdict.delay, 5000);
    close_world(&w);
}

TEST(test_what_is_unknown_delays_nobody)
{
    struct world w;
    open_world(&w, "rule \"a\" when helo == \"client.example\" then delay 2s\n", PHASE_MESSAGE);
    w.facts.fact[FACT_HELO] = value_unknown();
    assert_int_equal(at(&w, PHASE_MESSAGE), OUTCOME_DECIDED);
    assert_int_equal(w.verdict.delay, 0);
    assert_int_equal(w.verdict.action, ACTION_ACCEPT);
    close_world(&w);
}

TEST(test_a_delay_acts_when_its_condition_is_known_and_keeps_no_refusal_waiting)
{
    struct world w;
    open_world(&w,
               "rule \"a\" when sender is absent then delay 2s\n"
               "rule \"b\" when client.ip in \"192.0.2.0/24\" then reject\n",
               PHASE_CONNECT);
    assert_int_equal(policy_rule_info(w.config->policy, 0).acts_at, PHASE_MAIL);
    assert_int_equal(policy_rule_info(w.config->policy, 1).acts_at, PHASE_CONNECT);
    assert_int_equal(at(&w, PHASE_CONNECT), OUTCOME_DECIDED);
    assert_int_equal(w.verdict.action, ACTION_REJECT);
    close_world(&w);
}

static void refuses(const char *text, const char *message)
{
    struct buf report = buf_init(65536);
    assert_null(load_text(text, &report));
    assert_true(slice_search(buf_slice(&report), slice_of(message)) < buf_len(&report));
    buf_release(&report);
}

TEST(test_delays_are_durations_of_at_most_a_minute)
{
    refuses("rule \"a\" then delay 61s\n", "t.conf:1:21: error: expected a delay of at most 1min\n"
                                           "    rule \"a\" then delay 61s\n"
                                           "                        ^\n");
    refuses("rule \"a\" then delay 0s\n", "expected a delay of at most 1min");
    refuses("rule \"a\" then delay 5\n", "expected a duration, such as 5s, found '5'");
    refuses("rule \"a\" then delay\n", "expected a duration, such as 5s");
    refuses("rule \"a\" then reject, delay 5s\n", "nothing can follow the verdict");
    refuses("test \"a\" { expect delay }\n", "expected a duration, such as 5s, found '}'");
}

TEST(test_explain_tells_the_delay)
{
    struct world w;
    struct buf out = buf_init(1000);
    open_world(&w,
               "rule \"a\" then delay 5s\n"
               "rule \"b\" when message.size > 5B then reject\n",
               PHASE_RCPT);
    assert_true(policy_explain(w.config->policy, &w.facts, PHASE_RCPT, w.arena, &out));
    assert_true(report_is(&out, "t.conf:1: rule \"a\": true, always\n"
                                "t.conf:2: rule \"b\": pending, because message.size > 5B "
                                "(message.size is pending)\n"
                                "no decision yet at rcpt, delayed by 5 seconds\n"));
    buf_clear(&out);
    w.facts.fact[FACT_MESSAGE_SIZE] = value_integer(1);
    assert_true(policy_explain(w.config->policy, &w.facts, PHASE_MESSAGE, w.arena, &out));
    assert_true(
        slice_iends(buf_slice(&out), SLICE("accept, no rule decided, delayed by 5 seconds\n")));
    buf_release(&out);
    close_world(&w);
}

TEST(test_a_decision_record_tells_the_delay)
{
    struct world w;
    struct buf out = buf_init(1000);
    open_world(&w, "rule \"a\" then delay 1500ms\n", PHASE_MESSAGE);
    at(&w, PHASE_MESSAGE);
    verdict_json(&out, w.config->policy, &w.verdict);
    assert_true(slice_eq(buf_slice(&out), SLICE("\"rules\":[\"a\"],\"observed\":[],\"score\":0,"
                                                "\"score_parts\":{},\"delay\":1500")));
    buf_release(&out);
    close_world(&w);
}
