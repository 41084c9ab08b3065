/* SPDX-License-Identifier: ISC
 * What rules say of a login, and which of them do. */
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

ARENA_TESTS(1 << 20);

static struct config *config;
static struct facts facts;
static struct verdict verdict;

/* A POP3 client that gives a name and a password; nothing of a message is known. */
static void somebody_logs_in(const char *rules)
{
    config = load_good(rules);
    assert_non_null(config);
    facts = (struct facts){.keyed = facts_keyed_new(arena, config->policy)};
    size_t keys;
    policy_keys(config->policy, &keys);
    for (size_t i = 0; i < keys; i++)
        facts.keyed[i] = (struct value){.state = VALUE_KNOWN};
    for (int i = 0; i < FACT_COUNT; i++)
        if (fact_info((enum fact)i)->phase <= PHASE_LOGIN)
            facts.fact[i] = fact_baseline((enum fact)i);
    facts.fact[FACT_PROTOCOL] = value_integer(PROTOCOL_POP3);
    facts.fact[FACT_DIRECTION] = value_integer(DIRECTION_FETCH);
    facts.fact[FACT_LOGIN_USER] = value_text(SLICE("anna@example.com"));
    facts.fact[FACT_LOGIN_DOMAIN] = value_text(SLICE("example.com"));
    facts.fact[FACT_LOGIN_MECHANISM] = value_text(SLICE("user"));
}

static void judge_login(const char *action, int rule)
{
    assert_int_equal(policy_evaluate_login(config->policy, &facts, arena, &verdict),
                     OUTCOME_DECIDED);
    assert_string_equal(action_info(verdict.action)->word, action);
    assert_int_equal(verdict.rule, rule);
}

static void login_is(const char *rules, const char *action, int rule)
{
    somebody_logs_in(rules);
    judge_login(action, rule);
    config_free(&config);
}

TEST(test_the_first_verdict_on_a_login_counts)
{
    login_is("rule \"a\" when login.user == \"anna@example.com\" then accept\n"
             "rule \"b\" when client.ip in \"192.0.2.0/24\" then reject\n",
             "accept", 0);
    login_is("rule \"a\" when login.domain == \"Other.example\" then accept\n"
             "rule \"b\" when client.ip in \"192.0.2.0/24\" then reject 535 5.7.0 \"no, "
             "{login.user}\"\n",
             "reject", 1);
    assert_int_equal(verdict.code, 535);
    assert_true(slice_eq(verdict.text, SLICE("no, anna@example.com")));
}

TEST(test_rules_about_messages_say_nothing_of_a_login)
{
    static const char *const conditions[] = {
        "message.size > 0B",
        "login.user is known and message.size > 0B",
        "login.user is known or av.result == infected",
        "not (login.failures > 5 and recipient is known)",
        "count(attachments) == 0",
        "all a in attachments (a.macros)",
        "login.user is known and unknown(sender)",
        "spf.result is known or client.ip in \"192.0.2.0/24\"",
        "rate(client.ip, 1h, unknown_recipients) != 7",
        "rate(client.ip, sender.domain, 1h) >= 0",
        "header[\"X\"] is absent",
    };
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        char rules[300];
        snprintf(rules, sizeof rules, "rule \"r\" when %s then log \"x\", delay 1s, reject\n",
                 conditions[i]);
        login_is(rules, "accept", -1);
        assert_int_equal(verdict.fired_count + verdict.log_count, 0);
        assert_int_equal(verdict.delay, 0);
    }
}

TEST(test_a_rule_whose_text_names_a_message_says_nothing_of_a_login)
{
    login_is("rule \"r\" when login.user is known then reject \"{message.subject}\"\n", "accept",
             -1);
    login_is("rule \"l\" when login.user is known then log \"{sender}\", reject\n", "accept", -1);
    login_is("rule \"s\" when login.user is known then strip each a in attachments (a.macros) "
             "\"gone\", reject\n",
             "accept", -1);
}

TEST(test_a_rule_without_condition_says_nothing_of_a_login)
{
    login_is("rule \"all\" then reject\n", "accept", -1);
}

TEST(test_a_rule_that_discards_or_holds_says_nothing_of_a_login)
{
    login_is("rule \"d\" when login.user is known then delay 5s, discard\n"
             "rule \"q\" when login.user is known then quarantine \"w\"\n",
             "accept", -1);
    assert_int_equal(verdict.delay, 0);
    login_is("rule \"d\" when login.user is known then discard\n"
             "rule \"q\" when login.user is known then drop 421 4.7.0 \"bye\"\n",
             "drop", 1);
}

TEST(test_delays_scores_and_logs_are_as_ever)
{
    login_is(
        "rule \"a\" when login.failures >= 0 then delay 2s\n"
        "rule \"b\" when login.mechanism == \"user\" then delay 4s, log \"{login.mechanism}\"\n"
        "rule \"m\" when message.size > 0B then score 100\n"
        "rule \"s\" when client.port > 0 then score 3\n"
        "observe rule \"o\" when client.port > 0 then delay 30s, reject\n"
        "rule \"t\" when score >= 3 and score < 100 then defer 454 4.7.0 \"later\"\n",
        "defer", 5);
    assert_int_equal(verdict.delay, 4000);
    assert_int_equal(verdict.log_count, 1);
    assert_int_equal(verdict.fired_count, 5);
    assert_int_equal(verdict.code, 454);
}

TEST(test_a_login_is_decided_whatever_is_not_known)
{
    somebody_logs_in("rule \"f\" when login.failures >= 20 then reject\n"
                     "rule \"d\" when dnsbl.score >= 5 then reject\n"
                     "rule \"c\" when rate(client.ip, 1h) > 5 then reject\n"
                     "rule \"u\" when unknown(login.network_failures) then delay 1s\n");
    facts_fail(&facts, PRODUCER_LOGIN_FAILURES, config->policy);
    for (int i = 0; i < FACT_COUNT; i++)
        if (fact_info((enum fact)i)->producer == PRODUCER_LOGIN_FAILURES)
            facts.fact[i] = value_unknown();
    facts.fact[FACT_DNSBL_SCORE] = (struct value){0};
    judge_login("accept", -1);
    assert_int_equal(verdict.delay, 1000);
    facts = (struct facts){0};
    judge_login("accept", -1);
    config_free(&config);
}

TEST(test_a_rule_that_tires_defers_the_login)
{
    static char rules[300000];
    struct buf text = buf_init(sizeof rules);
    buf_cstr(&text, "rule \"t\" when ");
    for (int i = 0; i < 600; i++)
        buf_printf(&text, "%slogin.user contains \"%d\"", i ? " or " : "", i);
    buf_cstr(&text, " then reject\n");
    buf_char(&text, '\0');
    memcpy(rules, buf_slice(&text).ptr, buf_len(&text));
    buf_release(&text);
    somebody_logs_in(rules);
    static char name[100000];
    memset(name, 'x', sizeof name);
    facts.fact[FACT_LOGIN_USER] = value_text((struct slice){name, sizeof name});
    judge_login("defer", 0);
    assert_int_equal(verdict.unknown, FACT_LOGIN_USER);
    assert_true(
        slice_eq(verdict.text, SLICE("the login could not be checked now, try again later")));
    config_free(&config);
}

TEST(test_logins_are_judged_when_an_enforced_rule_names_what_they_tell)
{
    static const struct {
        const char *rules;
        bool judges;
    } cases[] = {
        {"", false},
        {"rule \"r\" when client.ip in \"192.0.2.0/24\" then reject\n", false},
        {"rule \"r\" when login.user == \"x\" then reject\n", true},
        {"rule \"r\" when login.failures > 3 then delay 1s\n", true},
        {"rule \"r\" when client.port > 3 then log \"{login.mechanism}\"\n", true},
        {"observe rule \"r\" when login.user == \"x\" then reject\n", false},
        {"rule \"r\" when login.user == \"x\" then discard\n", false},
        {"rule \"r\" when login.user == \"x\" and message.size > 1B then reject\n", false},
        {"rule \"r\" then log \"{login.user}\"\n", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        config = load_good(cases[i].rules);
        assert_int_equal(policy_judges_logins(config->policy), cases[i].judges);
        config_free(&config);
    }
}

TEST(test_it_is_said_that_a_login_rule_acts_at_login_and_keeps_no_other)
{
    config = load_good("rule \"f\" when login.failures >= 20 and client.port > 0 then reject\n"
                       "rule \"c\" when client.port == 1 then reject\n");
    assert_int_equal(policy_rule_info(config->policy, 0).acts_at, PHASE_LOGIN);
    assert_int_equal(policy_rule_info(config->policy, 1).acts_at, PHASE_CONNECT);
    config_free(&config);
}

TEST(test_where_nobody_logs_in_rules_on_logins_hold_up_nothing)
{
    somebody_logs_in("rule \"f\" when login.failures >= 20 then reject\n"
                     "rule \"c\" when client.ip in \"192.0.2.0/24\" then reject\n");
    struct value ip = facts.fact[FACT_CLIENT_IP];
    facts = (struct facts){0};
    facts.fact[FACT_CLIENT_IP] = ip;
    assert_int_equal(policy_evaluate(config->policy, &facts, PHASE_CONNECT, arena, &verdict),
                     OUTCOME_PENDING);
    facts_absent(&facts, PRODUCER_LOGIN, config->policy);
    facts_absent(&facts, PRODUCER_LOGIN_FAILURES, config->policy);
    assert_int_equal(policy_evaluate(config->policy, &facts, PHASE_CONNECT, arena, &verdict),
                     OUTCOME_DECIDED);
    assert_int_equal(verdict.rule, 1);
    config_free(&config);
}

TEST(test_a_login_with_no_memory_is_said_to_be_so)
{
    somebody_logs_in("rule \"l\" when login.user is known then log \"{login.user} comes\"\n"
                     "rule \"r\" when login.user is known then reject \"not {login.user}\"\n");
    struct arena *small = arena_new(0);
    struct verdict out;
    assert_int_equal(policy_evaluate_login(config->policy, &facts, small, &out), OUTCOME_NO_MEMORY);
    arena_free(&small);
    config_free(&config);
}
