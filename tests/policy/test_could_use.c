/* SPDX-License-Identifier: ISC
 * Facts may come later than their phase when policy_could_use says that no rule could use them: over random
 * policies and facts, nothing is then done at RCPT whatever they turn out to be. */
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

ARENA_TESTS(1 << 20);

enum { POLICIES = MANY(12000, 600), RULES_MAX = 5 };

static uint64_t seed = 1;

static unsigned dice(unsigned sides)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % sides;
}

static const char *const leaves[] = {
    "spf.result == fail",  "spf.helo == fail",    "spf.domain == \"x.test\"",
    "helo.esmtp",          "client.port >= 100",  "recipient == \"r@a.test\"",
    "message.size > 100B", "message.null_sender", "score >= 2",
    "score < 1",
};
enum { LEAVES = sizeof leaves / sizeof *leaves };

static void condition(struct buf *out, unsigned depth)
{
    if (depth == 0 || dice(4) == 0) {
        buf_printf(out, "%s%s", dice(3) ? "" : "not ", leaves[dice(LEAVES)]);
        return;
    }
    buf_cstr(out, "(");
    condition(out, depth - 1);
    buf_cstr(out, dice(2) ? " and " : " or ");
    condition(out, depth - 1);
    buf_cstr(out, ")");
}

static void policy_text(struct buf *out)
{
    static const char *const actions[] = {
        "reject 550 5.7.1 \"no\"",
        "reject 550 5.7.1 \"{spf.result}\"",
        "defer 451 4.7.1 \"later {score}\"",
        "delay 5s",
        "score 2 as \"x\"",
        "score -2 as \"y\"",
        "accept",
    };
    enum { ACTIONS = sizeof actions / sizeof *actions };
    for (unsigned i = 0, rules = 1 + dice(RULES_MAX); i < rules; i++) {
        buf_printf(out, "%srule \"%u\" when ", dice(6) ? "" : "observe ", i);
        condition(out, 2);
        buf_printf(out, " then %s\n", actions[dice(ACTIONS)]);
    }
}

static void known_at_rcpt(struct facts *facts)
{
    facts->fact[FACT_HELO_ESMTP] = dice(5) ? value_bool(dice(2)) : value_unknown();
    facts->fact[FACT_CLIENT_PORT] = value_number(dice(2) ? 100 : 99);
    facts->fact[FACT_RECIPIENT] = value_text(dice(2) ? SLICE("r@a.test") : SLICE("q@a.test"));
    facts->fact[FACT_MESSAGE_NULL_SENDER] = value_bool(dice(2));
}

static void learn_spf(struct facts *facts)
{
    static const enum fact all[] = {FACT_SPF_RESULT, FACT_SPF_HELO};
    for (size_t i = 0; i < 2; i++)
        facts->fact[all[i]] = dice(4) ? value_integer(dice(4)) : value_unknown();
    facts->fact[FACT_SPF_DOMAIN] =
        dice(3) ? value_text(dice(2) ? SLICE("x.test") : SLICE("y.test")) : value_absent();
}

static enum outcome at_rcpt(const struct config *config, const struct facts *facts,
                            struct verdict *out)
{
    return policy_evaluate(config->policy, facts, PHASE_RCPT, arena, out);
}

static bool may_come_later(const struct config *config, const struct facts *facts,
                           struct verdict *early)
{
    return at_rcpt(config, facts, early) == OUTCOME_PENDING && early->rule < 0 &&
           !policy_could_use(config->policy, facts, PRODUCER_SPF, PHASE_RCPT);
}

/* How often they might come later. */
static unsigned try_policy(const char *text)
{
    unsigned later = 0;
    struct config *config = load_good(text);
    for (int i = 0; i < 16; i++) {
        struct facts facts = {.keyed = facts_keyed_new(arena, config->policy)};
        struct verdict early, late;
        known_at_rcpt(&facts);
        if (!may_come_later(config, &facts, &early))
            continue;
        later++;
        for (int k = 0; k < 8; k++) {
            learn_spf(&facts);
            bool decided = at_rcpt(config, &facts, &late) == OUTCOME_DECIDED;
            if ((decided && late.rule >= 0 && late.action != ACTION_ACCEPT) ||
                late.delay != early.delay)
                fail_msg("used all the same:\n%s", text);
        }
    }
    config_free(&config);
    arena_reset(arena);
    return later;
}

TEST(test_what_no_rule_could_use_changes_nothing_before_the_message)
{
    unsigned later = 0;
    for (unsigned i = 0; i < POLICIES; i++) {
        struct buf text = buf_init(65536);
        policy_text(&text);
        buf_append(&text, (struct slice){"", 1});
        later += try_policy(buf_slice(&text).ptr);
        buf_release(&text);
    }
    assert_true(later > POLICIES);
}

static bool could_use(const char *rules, struct facts facts)
{
    struct config *config = load_good(rules);
    bool could = policy_could_use(config->policy, &facts, PRODUCER_SPF, PHASE_RCPT);
    config_free(&config);
    return could;
}

TEST(test_a_rule_uses_what_still_decides_it)
{
    static const char rule[] =
        "rule \"a\" when spf.result == fail and helo.esmtp then reject 550 5.7.1 \"no\"\n";
    struct facts facts = {.keyed = NULL};
    facts.fact[FACT_HELO_ESMTP] = value_bool(true);
    assert_true(could_use(rule, facts));
    facts.fact[FACT_HELO_ESMTP] = value_bool(false);
    assert_false(could_use(rule, facts));
    facts.fact[FACT_HELO_ESMTP] = value_unknown();
    assert_true(could_use(rule, facts));
    facts.fact[FACT_SPF_RESULT] = value_unknown();
    assert_false(could_use(rule, facts));
}

TEST(test_a_rule_that_cannot_act_before_the_message_does_not_use_it_before)
{
    struct facts facts = {.keyed = NULL};
    assert_false(could_use(
        "rule \"a\" when spf.result == fail and message.size > 1KB then reject\n", facts));
    assert_false(could_use("observe rule \"a\" when spf.result == fail then reject\n", facts));
    assert_true(could_use("rule \"a\" when spf.result == fail then delay 5s\n", facts));
}

TEST(test_a_reply_that_tells_of_it_uses_it)
{
    static const char rule[] =
        "rule \"a\" when helo.esmtp then reject 550 5.7.1 \"{spf.result}\"\n";
    struct facts facts = {.keyed = NULL};
    facts.fact[FACT_HELO_ESMTP] = value_bool(true);
    assert_true(could_use(rule, facts));
    facts.fact[FACT_HELO_ESMTP] = value_bool(false);
    assert_false(could_use(rule, facts));
    assert_true(could_use("rule \"all\" then reject 550 5.7.1 \"{spf.result}\"\n", facts));
    assert_false(
        could_use("rule \"a\" then reject 550 5.7.1 \"{spf.result} {message.size}\"\n", facts));
}

TEST(test_a_score_that_hangs_on_it_uses_it)
{
    static const char not_above[] =
        "rule \"a\" when spf.result == fail and message.size > 1KB then score 2 as \"x\"\n"
        "rule \"b\" when not score >= 2 then reject 550 5.7.1 \"no\"\n";
    static const char beside_it[] =
        "rule \"a\" when helo.esmtp then score 2 as \"x\"\n"
        "rule \"b\" when message.size > 1KB then score 1 as \"y\"\n"
        "rule \"c\" when score >= 2 and spf.result == fail then reject 550 5.7.1 \"no\"\n";
    static const char nobody_looks[] =
        "rule \"a\" when spf.result == fail and message.size > 1KB then score 2 as \"x\"\n";
    struct facts facts = {.keyed = NULL};
    facts.fact[FACT_HELO_ESMTP] = value_bool(true);
    assert_true(could_use(not_above, facts));
    assert_true(could_use(beside_it, facts));
    assert_false(could_use(nobody_looks, facts));
}
