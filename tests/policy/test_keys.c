/* SPDX-License-Identifier: ISC
 * Facts that are asked for by more than their name: lists, rates, headers. */
#include "policy/explain.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>

#define LISTS                                                                                      \
    "blocklist \"zen.example\" { \"127.0.0.2\" }\n"                                                \
    "allowlist \"good.example\" { \"127.0.0.2\" }\n"                                               \
    "blocklist domain \"dbl.example\" { \"127.0.1.2\" }\n"

static void refuses_text(const char *text, const char *message)
{
    assert_true(is_refused(text, message));
}

static void refuses(const char *condition, const char *message)
{
    char text[1000];
    snprintf(text, sizeof text, "rule \"r\" when %s then discard\n" LISTS, condition);
    refuses_text(text, message);
}

static struct config *with_rule(const char *condition)
{
    char text[1000];
    snprintf(text, sizeof text, "rule \"r\" when %s then discard\n" LISTS, condition);
    return load_good(text);
}

TEST(test_lists_are_named_in_parentheses_and_must_be_configured)
{
    size_t count;
    struct config *c =
        with_rule("dnsbl.listed(\"Zen.Example\") and not dnsbl.listed(\"good.example\") "
                  "or domains.listed(\"dbl.example\") or dnsbl.listed(\"zen.example\")");
    const struct policy_key *keys = policy_keys(c->policy, &count);
    assert_int_equal(count, 3);
    assert_true(slice_eq(keys[0].key, SLICE("zen.example")));
    assert_int_equal(keys[2].fact, FACT_DOMAINS_LISTED);
    assert_true(policy_wants(c->policy, PRODUCER_DNSBL));
    assert_true(policy_wants(c->policy, PRODUCER_DOMAINS));
    assert_false(policy_wants(c->policy, PRODUCER_ANTIVIRUS));
    config_free(&c);
    refuses("dnsbl.listed(\"zen.exmple\")",
            "t.conf:1:28: error: unknown blocklist 'zen.exmple'; did you mean 'zen.example'?\n"
            "    rule \"r\" when dnsbl.listed(\"zen.exmple\") then discard\n"
            "                               ^\n");
    refuses("dnsbl.listed(\"dbl.example\")",
            "this is a list of domains; expected domains.listed(\"dbl.example\")");
    refuses("domains.listed(\"zen.example\")",
            "this is a list of addresses; expected dnsbl.listed(\"zen.example\")");
    refuses("dnsbl.listed[\"zen.example\"]",
            "1:15: error: expected a zone in parentheses: dnsbl.listed(\"zone\")");
    refuses("dnsbl.listed", "expected a zone in parentheses: dnsbl.listed(\"zone\")");
    refuses("header(\"x\") == \"y\"", "expected a name in brackets: header[\"X-Name\"]");
    refuses("dnsbl.listed(zen)", "expected a zone in quotes");
}

static const struct policy_key *only_key(const struct config *config)
{
    size_t count;
    const struct policy_key *keys = policy_keys(config->policy, &count);
    assert_int_equal(count, 1);
    return keys;
}

TEST(test_rates_count_the_event_at_which_their_facts_are_known)
{
    static const struct {
        const char *rate;
        enum rate_event event;
        enum phase phase;
    } rows[] = {
        {"rate(client.ip, 10min)", RATE_CONNECTIONS, PHASE_CONNECT},
        {"rate(client.ip, listener, 10min, connections)", RATE_CONNECTIONS, PHASE_CONNECT},
        {"rate(client.ip, helo, 10min)", RATE_TRANSACTIONS, PHASE_MAIL},
        {"rate(client.ptr, 10min)", RATE_TRANSACTIONS, PHASE_MAIL},
        {"rate(client.ip, sender.domain, 1h)", RATE_TRANSACTIONS, PHASE_MAIL},
        {"rate(spf.domain, 1h)", RATE_RECIPIENTS, PHASE_RCPT},
        {"rate(recipient, 1h)", RATE_RECIPIENTS, PHASE_RCPT},
        {"rate(login.user, 1h)", RATE_TRANSACTIONS, PHASE_MAIL},
        {"rate(account.name, 1h, recipients)", RATE_RECIPIENTS, PHASE_RCPT},
        {"rate(sender, 1d, messages)", RATE_MESSAGES, PHASE_MESSAGE},
        {"rate(client.ip, 1h, unknown_recipients)", RATE_UNKNOWN_RECIPIENTS, PHASE_RCPT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char condition[200];
        snprintf(condition, sizeof condition, "%s > 20", rows[i].rate);
        struct config *c = with_rule(condition);
        const struct policy_key *key = only_key(c);
        assert_int_equal(key->event, rows[i].event);
        assert_int_equal(policy_key_phase(key), rows[i].phase);
        assert_int_equal(policy_rule_info(c->policy, 0).acts_at, rows[i].phase);
        assert_true(slice_eq(policy_key_name(c->arena, key), slice_of(rows[i].rate)));
        assert_true(policy_wants(c->policy, PRODUCER_RATE));
        config_free(&c);
    }
}

TEST(test_rates_that_count_the_same_are_one)
{
    struct config *c =
        with_rule("rate(client.ip, sender.domain, 60min) > 5 and rate( client.ip,sender.domain,1h, "
                  "transactions ) < 50");
    const struct policy_key *key = only_key(c);
    assert_true(slice_eq(key->key, SLICE("client.ip, sender.domain, 60min")));
    assert_int_equal(key->of_count, 2);
    assert_int_equal(key->of[1].fact, FACT_SENDER);
    assert_true(key->of[1].domain && !key->of[0].domain);
    assert_true(key->window == 3600000);
    config_free(&c);
}

TEST(test_what_a_rate_counts_by_is_found_out)
{
    struct config *c = with_rule("rate(client.ptr, spf.domain, 1h) > 5");
    assert_true(policy_uses(c->policy, FACT_CLIENT_PTR));
    assert_true(policy_wants(c->policy, PRODUCER_CLIENT));
    assert_true(policy_wants(c->policy, PRODUCER_SPF));
    config_free(&c);
}

TEST(test_wrong_rates_are_refused)
{
    refuses("rate(sender, 1h, connections) > 1",
            "t.conf:1:32: error: connections are counted before sender is known; expected "
            "transactions or a later event\n"
            "    rule \"r\" when rate(sender, 1h, connections) > 1 then discard\n"
            "                                   ^\n");
    refuses("rate(client.ip, helo, 1h, connections) > 1", "before helo is known");
    refuses("rate(login.user, 1h, connections) > 1", "before login.user is known");
    refuses("rate(client.ptr, 1h, connections) > 1", "before client.ptr is known");
    refuses("rate(spf.domain, 1h, transactions) > 1", "expected recipients or a later event");
    refuses("rate(recipient, 1h, transactions) > 1", "before recipient is known");
    refuses("rate(sender, 1h, mesages) > 1", "unknown event 'mesages'; did you mean 'messages'?");
    refuses("rate(client.ip, 1ms) > 1", "1:31: error: expected a window from 1s to 30d");
    refuses("rate(client.ip, 31d) > 1", "expected a window from 1s to 30d");
    refuses("rate(client.ip) > 1", "expected ',' and a window, such as 10min, found ')'");
    refuses("rate(10min) > 1", "expected a fact before the window");
    refuses("rate(client.pi, 1h) > 1", "unknown fact 'client.pi'; did you mean 'client.ip'?");
    refuses("rate(sender.local, 1h) > 1", "unknown fact 'sender.local'");
    refuses("rate(message.subject, 1h) > 1", "'message.subject' cannot be counted by");
    refuses("rate(dnsbl.score, 1h) > 1", "'dnsbl.score' cannot be counted by");
    refuses("rate(tls.active, 1h) > 1", "'tls.active' cannot be counted by");
    refuses("rate(recipients, 1h) > 1", "'recipients' cannot be counted by");
    refuses("rate(sender, sender, 1h) > 1", "'sender' is named twice");
    refuses("rate(a, b, c, d, e, 1h) > 1", "a rate takes at most 4 facts");
    refuses("rate > 1", "expected a rate with facts and a window in parentheses");
    refuses("rate(client.ip, 1h)", "expected a comparison; 'rate' is a number");
}

TEST(test_keys_have_a_limit)
{
    struct buf text = buf_init(1 << 20), report = buf_init(65536);
    for (unsigned i = 0; i <= POLICY_KEYS_MAX; i++)
        buf_printf(&text, "rule \"%u\" when header[\"x%u\"] == \"y\" then discard\n", i, i);
    buf_char(&text, '\0');
    assert_null(load_text(buf_slice(&text).ptr, &report));
    assert_true(slice_search(buf_slice(&report), SLICE("more than 256 header fields")) <
                buf_len(&report));
    buf_release(&text);
    buf_release(&report);
}

struct world {
    struct config *config;
    struct arena *arena;
    struct facts facts;
    struct verdict verdict;
};

/* Everything pending. */
static void open_world(struct world *w, const char *text)
{
    *w = (struct world){.config = load_good(text), .arena = arena_new(1 << 20)};
    assert_non_null(w->config);
    w->facts.keyed = facts_keyed_new(w->arena, w->config->policy);
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

TEST(test_a_keyed_fact_is_known_pending_or_unknown)
{
    struct world w;
    open_world(&w, LISTS "rule \"l\" when dnsbl.listed(\"zen.example\") then reject\n"
                         "rule \"r\" when rate(recipient, 1h) > 20 then defer \"{rate(recipient, "
                         "1h)} an hour\"\n"
                         "rule \"u\" when unknown(dnsbl.listed(\"zen.example\")) then discard\n");
    assert_int_equal(at(&w, PHASE_CONNECT), OUTCOME_PENDING);
    w.facts.keyed[0] = value_bool(true);
    assert_int_equal(at(&w, PHASE_CONNECT), OUTCOME_DECIDED);
    assert_int_equal(w.verdict.rule, 0);
    w.facts.keyed[0] = value_bool(false);
    assert_int_equal(at(&w, PHASE_CONNECT), OUTCOME_PENDING);
    w.facts.keyed[1] = value_number(21);
    assert_int_equal(at(&w, PHASE_RCPT), OUTCOME_DECIDED);
    assert_int_equal(w.verdict.rule, 1);
    assert_true(w.verdict.per_recipient);
    assert_true(slice_eq(w.verdict.text, SLICE("21 an hour")));
    facts_fail(&w.facts, PRODUCER_RATE, w.config->policy);
    assert_true(w.facts.keyed[1].number == 21);
    w.facts.keyed[1] = (struct value){0};
    facts_fail(&w.facts, PRODUCER_RATE, w.config->policy);
    w.facts.keyed[0] = (struct value){0};
    facts_fail(&w.facts, PRODUCER_DNSBL, w.config->policy);
    assert_int_equal(at(&w, PHASE_MESSAGE), OUTCOME_DECIDED);
    assert_int_equal(w.verdict.rule, 2);
    close_world(&w);
}

TEST(test_what_redis_and_dns_cannot_tell_lets_mail_pass)
{
    struct world w;
    open_world(&w, LISTS "rule \"l\" when dnsbl.listed(\"zen.example\") then reject\n"
                         "rule \"r\" when rate(client.ip, 1h) > 20 then defer\n");
    assert_int_equal(at(&w, PHASE_MESSAGE), OUTCOME_DECIDED);
    assert_int_equal(w.verdict.action, ACTION_ACCEPT);
    close_world(&w);
}

TEST(test_why_later_names_the_rate)
{
    struct world w;
    open_world(&w, "rule \"a\" when rate(sender, 1h) > 20 then defer\n"
                   "rule \"b\" when client.port == 1 then reject\n");
    assert_true(slice_eq(policy_rule_info(w.config->policy, 0).why_later,
                         SLICE("cannot act before mail: names rate(sender, 1h)")));
    assert_true(slice_eq(policy_rule_info(w.config->policy, 1).why_later,
                         SLICE("cannot act before mail because rule \"a\" (line 1) before it needs "
                               "rate(sender, 1h)")));
    close_world(&w);
}

static bool each_recipients(const char *condition)
{
    struct world w;
    char text[200];
    snprintf(text, sizeof text, "rule \"r\" when %s then defer\n", condition);
    open_world(&w, text);
    at(&w, PHASE_RCPT);
    bool per_recipient = w.verdict.per_recipient;
    close_world(&w);
    return per_recipient;
}

TEST(test_greylisting_and_rates_of_recipients_are_a_matter_of_each)
{
    assert_true(each_recipients("not greylist.known"));
    assert_true(each_recipients("rate(client.ip, 1h, recipients) > 100"));
    assert_true(each_recipients("rate(client.ip, 1h, unknown_recipients) > 100"));
    assert_true(each_recipients("rate(recipient.domain, 1h, messages) > 100"));
    assert_false(each_recipients("rate(client.ip, 1h) > 100"));
    assert_false(each_recipients("rate(sender, 1h, messages) > 100"));
}

TEST(test_texts_name_keyed_facts_as_conditions_do)
{
    struct world w;
    open_world(&w,
               LISTS "rule \"a\" then log \"{rate( client.ip,1h )} \\\"{rate(sender, 1h, "
                     "messages)}\\\" {header[\\\"X\\\"]} {dnsbl.listed(\\\"zen.example\\\")}\"\n");
    w.facts.keyed[0] = value_number(7);
    w.facts.keyed[1] = value_number(8);
    w.facts.keyed[2] = (struct value){.state = VALUE_KNOWN};
    w.facts.keyed[3] = value_bool(true);
    assert_int_equal(at(&w, PHASE_MESSAGE), OUTCOME_DECIDED);
    assert_true(slice_eq(w.verdict.log[0], SLICE("7 \"8\"  true")));
    close_world(&w);
    refuses_text("rule \"a\" then log \"{rate(client.ip, 1h}\"\n",
                 "t.conf:1:39: error: expected ')', found '}'");
    refuses_text("rule \"a\" then log \"\\\"{rate(client.pi, 1h)}\"\n",
                 "t.conf:1:19: error: unknown fact 'client.pi'");
    refuses_text("rule \"a\" then log \"{rate(client.pi, 1h)}\"\n",
                 "t.conf:1:26: error: unknown fact 'client.pi'");
    refuses_text("rule \"a\" then log \"{helo sender}\"\n",
                 "t.conf:1:26: error: expected '}', found 'sender'");
}

TEST(test_tests_give_lists_and_rates)
{
    struct buf report = buf_init(65536);
    unsigned total;
    struct config *c = load_good(
        LISTS
        "rule \"l\" when dnsbl.listed(\"zen.example\") then reject\n"
        "rule \"r\" when rate(client.ip, 10min) > 20 then defer\n"
        "test \"quiet\" { expect accept }\n"
        "test \"listed\" { given dnsbl.listed(\"ZEN.example\") true expect reject by \"l\" }\n"
        "test \"fast\" { given rate(client.ip, 10min) 30 expect defer by \"r\" }\n"
        "test \"same\" { given rate(client.ip,600s,connections) 30 expect defer by \"r\" }\n"
        "test \"other\" { given rate(client.ip, 1h) 30 expect accept }\n"
        "test \"away\" { given rate(client.ip, 10min) unknown expect accept }\n");
    assert_non_null(c);
    assert_int_equal(config_run_tests(c, &total, &report), 0);
    assert_int_equal(total, 6);
    config_free(&c);
    assert_null(load_text(LISTS
                          "test \"x\" { given dnsbl.listed(\"zn.example\") true expect accept }\n"
                          "test \"y\" { given rate(client.ip, 1h) true expect accept }\n",
                          &report));
    assert_true(report_is(
        &report, "t.conf:4:31: error: unknown blocklist 'zn.example'; did you mean 'zen.example'?\n"
                 "    test \"x\" { given dnsbl.listed(\"zn.example\") true expect accept }\n"
                 "                                  ^\n"
                 "t.conf:5:38: error: expected a number, found 'true'\n"
                 "    test \"y\" { given rate(client.ip, 1h) true expect accept }\n"
                 "                                         ^\n"));
    buf_release(&report);
}
