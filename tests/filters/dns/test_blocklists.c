/* SPDX-License-Identifier: ISC */
#include "tests/filters/dns/dns_rounds.h"
#include "tests/harness/memory_loader.h"

#include "filters/dns/blocklists.h"
#include "policy/program.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>

static const char lists[] =
    "blocklist \"zen.test\" { \"127.0.0.2\"..\"127.0.0.9\" weight 5  \"127.0.0.4\" weight 7\n"
    "  \"127.0.0.10\"..\"127.0.0.11\" weight 2 }\n"
    "blocklist \"cop.test\" { \"127.0.0.2\" weight 2 }\n"
    "allowlist \"wl.test\" { \"127.0.2.2\"..\"127.0.20.2\" weight 1 "
    "\"127.0.2.3\"..\"127.0.20.3\" weight 4 }\n"
    "blocklist domain \"dbl.test\" { \"127.0.1.2\"..\"127.0.1.99\" weight 5 }\n"
    "blocklist domain \"multi.test\" { \"127.0.0.2\"..\"127.0.0.254\" bits 8 weight 3\n"
    "  \"127.0.0.2\"..\"127.0.0.254\" bits 64 weight 4 }\n";

enum { ZEN, COP, WL, DBL, MULTI, KEYS };

struct asked {
    struct config *config;
    struct arena *arena;
    uint64_t suspended;
    struct ip client;
    const struct slice *domains;
    size_t count;
    struct facts facts;
    struct value keyed[KEYS];
    struct dns_rounds seen;
};

static void give_keys(struct config *config)
{
    config->policy->keys = arena_array(config->arena, KEYS, sizeof *config->policy->keys);
    assert_non_null(config->policy->keys);
    for (size_t i = 0; i < config->blocklist_count; i++)
        config->policy->keys[config->policy->key_count++] = (struct policy_key){
            .fact = config->blocklists[i].domains ? FACT_DOMAINS_LISTED : FACT_DNSBL_LISTED,
            .key = config->blocklists[i].zone,
        };
}

static void begin(struct asked *asked, const char *text)
{
    *asked = (struct asked){.config = load_good(text), .arena = arena_new(1 << 20)};
    assert_non_null(asked->config);
    give_keys(asked->config);
    asked->facts.keyed = asked->keyed;
}

static void end(struct asked *asked)
{
    config_free(&asked->config);
    arena_free(&asked->arena);
}

static void client_once(void *ctx, struct dns_answers *answers)
{
    struct asked *a = ctx;
    assert_true(
        blocklists_client(a->arena, answers, a->config, a->suspended, &a->client, &a->facts));
}

static void message_once(void *ctx, struct dns_answers *answers)
{
    struct asked *a = ctx;
    assert_true(blocklists_message(a->arena, answers, a->config, a->suspended, a->domains, a->count,
                                   &a->facts));
}

static void sender_once(void *ctx, struct dns_answers *answers)
{
    struct asked *a = ctx;
    assert_true(blocklists_sender(a->arena, answers, a->config, a->suspended, a->domains, a->count,
                                  &a->facts));
}

static struct asked ask_client_while(const char *zone, const char *client, uint64_t suspended)
{
    struct asked asked;
    begin(&asked, lists);
    asked.suspended = suspended;
    assert_true(ip_parse(slice_of(client), &asked.client));
    asked.seen = dns_rounds(asked.arena, zone, client_once, &asked);
    assert_true(asked.seen.ended && asked.seen.rounds <= 1);
    return asked;
}

static struct asked ask_client(const char *zone, const char *client)
{
    return ask_client_while(zone, client, 0);
}

static bool is_listed(const struct asked *asked, size_t key)
{
    assert_int_equal(asked->keyed[key].state, VALUE_KNOWN);
    return asked->keyed[key].truth;
}

static void assert_score(const struct asked *asked, enum fact fact, double score)
{
    assert_int_equal(asked->facts.fact[fact].state, VALUE_KNOWN);
    assert_true(asked->facts.fact[fact].number == score);
}

/* The texts of a list, with commas; "..." for a cut. */
static void assert_list(const struct value *value, const char *expected)
{
    char seen[500] = "";
    assert_int_equal(value->state, VALUE_KNOWN);
    for (size_t i = 0; i < value->list.count; i++)
        snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s%.*s", i ? "," : "",
                 SLICE_ARGS(value->list.items[i].text));
    strcat(seen, value->list.cut ? "..." : "");
    assert_string_equal(seen, expected);
}

TEST(test_weights_add_up_and_allowlists_subtract)
{
    struct asked a = ask_client("9.2.0.192.zen.test A 127.0.0.3\n9.2.0.192.cop.test A 127.0.0.2\n"
                                "9.2.0.192.wl.test A 127.0.5.2\n",
                                "192.0.2.9");
    assert_score(&a, FACT_DNSBL_SCORE, 6);
    assert_list(&a.facts.fact[FACT_DNSBL_LISTS], "zen.test,cop.test");
    assert_true(is_listed(&a, ZEN) && is_listed(&a, COP) && is_listed(&a, WL));
    assert_int_equal(a.keyed[DBL].state, VALUE_PENDING);
    assert_int_equal(a.seen.questions, 3);
    end(&a);
}

TEST(test_the_heaviest_code_of_a_list_counts_once)
{
    struct asked a = ask_client("9.2.0.192.zen.test A 127.0.0.2\n9.2.0.192.zen.test A 127.0.0.4\n"
                                "9.2.0.192.zen.test A 127.0.0.10\n",
                                "192.0.2.9");
    assert_score(&a, FACT_DNSBL_SCORE, 7);
    end(&a);
}

TEST(test_only_configured_codes_count)
{
    struct asked a = ask_client("9.2.0.192.zen.test A 127.0.0.12\n9.2.0.192.cop.test A 127.0.0.3\n"
                                "9.2.0.192.wl.test A 127.0.5.0\n",
                                "192.0.2.9");
    assert_score(&a, FACT_DNSBL_SCORE, 0);
    assert_false(is_listed(&a, ZEN) || is_listed(&a, COP) || is_listed(&a, WL));
    assert_list(&a.facts.fact[FACT_DNSBL_LISTS], "");
    end(&a);
}

TEST(test_v6_is_asked_by_nibbles)
{
    struct asked a = ask_client("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
                                "zen.test A 127.0.0.3\n",
                                "2001:db8::1");
    assert_true(is_listed(&a, ZEN));
    end(&a);
}

TEST(test_errors_of_a_list_are_no_listings)
{
    static const char *const errors[] = {"127.255.255.252", "127.255.255.254", "127.255.255.255",
                                         "203.0.113.7", "128.0.0.2"};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        char zone[200];
        snprintf(zone, sizeof zone, "9.2.0.192.zen.test A %s\n9.2.0.192.cop.test A 127.0.0.2\n",
                 errors[i]);
        struct asked a = ask_client(zone, "192.0.2.9");
        assert_int_equal(a.keyed[ZEN].state, VALUE_UNKNOWN);
        assert_score(&a, FACT_DNSBL_SCORE, 2);
        assert_list(&a.facts.fact[FACT_DNSBL_LISTS], "cop.test...");
        end(&a);
    }
}

TEST(test_a_blocklist_that_fails_leaves_what_the_others_said)
{
    struct asked a =
        ask_client("9.2.0.192.zen.test SERVFAIL\n9.2.0.192.cop.test A 127.0.0.2\n", "192.0.2.9");
    assert_int_equal(a.keyed[ZEN].state, VALUE_UNKNOWN);
    assert_true(is_listed(&a, COP));
    assert_score(&a, FACT_DNSBL_SCORE, 2);
    end(&a);
}

TEST(test_an_allowlist_that_fails_could_have_spoken_for_the_client)
{
    struct asked a =
        ask_client("9.2.0.192.wl.test TIMEOUT\n9.2.0.192.cop.test A 127.0.0.2\n", "192.0.2.9");
    assert_int_equal(a.facts.fact[FACT_DNSBL_SCORE].state, VALUE_UNKNOWN);
    assert_list(&a.facts.fact[FACT_DNSBL_LISTS], "cop.test");
    end(&a);
    a = ask_client("9.2.0.192.wl.test TIMEOUT\n", "192.0.2.9");
    assert_score(&a, FACT_DNSBL_SCORE, 0);
    end(&a);
}

TEST(test_the_score_is_unknown_when_all_fail)
{
    struct asked a = ask_client("9.2.0.192.zen.test TIMEOUT\n9.2.0.192.cop.test SERVFAIL\n"
                                "9.2.0.192.wl.test TIMEOUT\n",
                                "192.0.2.9");
    assert_int_equal(a.facts.fact[FACT_DNSBL_SCORE].state, VALUE_UNKNOWN);
    assert_list(&a.facts.fact[FACT_DNSBL_LISTS], "...");
    end(&a);
}

TEST(test_a_suspended_list_is_not_asked)
{
    struct asked a = ask_client_while(
        "9.2.0.192.zen.test A 127.0.0.2\n9.2.0.192.cop.test A 127.0.0.2\n", "192.0.2.9", 1 << ZEN);
    assert_int_equal(a.keyed[ZEN].state, VALUE_UNKNOWN);
    assert_score(&a, FACT_DNSBL_SCORE, 2);
    assert_int_equal(a.seen.questions, 2);
    end(&a);
}

TEST(test_private_addresses_are_not_looked_up)
{
    static const char *const inside[] = {
        "127.0.0.2", "10.1.2.3", "172.31.0.1", "192.168.1.1", "169.254.1.1",    "100.64.0.1",
        "0.0.0.0",   "::1",      "fe80::1",    "fd00::1",     "255.255.255.255"};
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        struct asked a = ask_client("2.0.0.127.zen.test A 127.0.0.2\n", inside[i]);
        assert_int_equal(a.seen.questions, 0);
        assert_score(&a, FACT_DNSBL_SCORE, 0);
        assert_false(is_listed(&a, ZEN));
        end(&a);
    }
    struct asked a = ask_client("", "172.32.0.1");
    assert_int_equal(a.seen.questions, 3);
    end(&a);
}

static struct asked ask_domains(const char *zone, const struct slice *domains, size_t count,
                                void (*once)(void *ctx, struct dns_answers *answers))
{
    struct asked asked;
    begin(&asked, lists);
    asked.domains = domains;
    asked.count = count;
    asked.seen = dns_rounds(asked.arena, zone, once, &asked);
    assert_true(asked.seen.ended);
    return asked;
}

static const char bad_domains[] = "evil.co.uk.dbl.test A 127.0.1.4\n"
                                  "evil.co.uk.multi.test A 127.0.0.72\n"
                                  "spam.example.multi.test A 127.0.0.8\n"
                                  "gray.example.multi.test A 127.0.0.4\n";

TEST(test_registered_domains_are_asked_once)
{
    const struct slice domains[] = {
        SLICE("www.Evil.co.uk."), SLICE("a.b.evil.co.uk"), SLICE("spam.example"),
        SLICE("gray.example"),    SLICE("co.uk"),          SLICE(""),
        SLICE("192.0.2.1"),       SLICE("[192.0.2.1]"),    SLICE("not a domain"),
    };
    struct asked a =
        ask_domains(bad_domains, domains, sizeof domains / sizeof *domains, message_once);
    assert_int_equal(a.seen.rounds, 1);
    assert_int_equal(a.seen.questions, 6);
    assert_score(&a, FACT_DOMAINS_SCORE, 9);
    assert_list(&a.facts.fact[FACT_DOMAINS_LISTS], "dbl.test,multi.test");
    assert_list(&a.facts.fact[FACT_DOMAINS_FOUND], "evil.co.uk,spam.example");
    assert_true(is_listed(&a, DBL) && is_listed(&a, MULTI));
    assert_int_equal(a.keyed[ZEN].state, VALUE_PENDING);
    assert_int_equal(a.facts.fact[FACT_DNSBL_SCORE].state, VALUE_PENDING);
    end(&a);
}

TEST(test_bits_of_the_last_number)
{
    const struct slice domain = SLICE("spam.example");
    struct asked a = ask_domains(bad_domains, &domain, 1, sender_once);
    assert_score(&a, FACT_DOMAINS_SENDER_SCORE, 3);
    assert_int_equal(a.facts.fact[FACT_DOMAINS_SCORE].state, VALUE_PENDING);
    end(&a);
}

TEST(test_a_failure_for_one_domain_is_unknown_unless_another_is_listed)
{
    const struct slice domains[] = {SLICE("a.example"), SLICE("evil.co.uk")};
    static const char zone[] = "a.example.dbl.test SERVFAIL\na.example.multi.test SERVFAIL\n"
                               "evil.co.uk.dbl.test A 127.0.1.4\n";
    struct asked a = ask_domains(zone, domains, 2, message_once);
    assert_true(is_listed(&a, DBL));
    assert_int_equal(a.keyed[MULTI].state, VALUE_UNKNOWN);
    assert_score(&a, FACT_DOMAINS_SCORE, 5);
    assert_list(&a.facts.fact[FACT_DOMAINS_FOUND], "evil.co.uk...");
    end(&a);
}

TEST(test_many_domains_are_asked_in_one_round_and_bounded)
{
    static char names[100][32];
    static struct slice domains[100];
    for (int i = 0; i < 100; i++) {
        snprintf(names[i], sizeof names[i], "d%d.example", i);
        domains[i] = slice_of(names[i]);
    }
    struct asked a = ask_domains("", domains, 100, message_once);
    assert_int_equal(a.seen.rounds, 1);
    assert_int_equal(a.seen.questions, 2 * LISTED_DOMAINS_MAX);
    end(&a);
}

TEST(test_without_lists_nothing_is_asked)
{
    struct asked a;
    begin(&a, "hostname \"mx.example\"");
    ip_parse(SLICE("192.0.2.9"), &a.client);
    a.seen = dns_rounds(a.arena, "", client_once, &a);
    assert_int_equal(a.seen.questions, 0);
    assert_score(&a, FACT_DNSBL_SCORE, 0);
    end(&a);
}

/* ---- health */

struct health {
    struct config *config;
    struct arena *arena;
    const char *wrong;
};

static void health_once(void *ctx, struct dns_answers *answers)
{
    struct health *health = ctx;
    health->wrong = blocklist_health(health->arena, answers, health->config, 0);
}

static void expect_health(const char *list, const char *zone, const char *expected)
{
    struct health health = {.config = load_good(list), .arena = arena_new(1 << 20)};
    assert_non_null(health.config);
    struct dns_rounds seen = dns_rounds(health.arena, zone, health_once, &health);
    assert_true(seen.ended);
    assert_int_equal(seen.rounds, 1);
    assert_int_equal(seen.questions, 2);
    if (!expected) {
        assert_null(health.wrong);
    } else {
        assert_non_null(health.wrong);
        assert_non_null(strstr(health.wrong, expected));
    }
    config_free(&health.config);
    arena_free(&health.arena);
}

TEST(test_health_of_a_list_of_addresses)
{
    static const char list[] = "blocklist \"l.test\" { \"127.0.0.2\" }";
    expect_health(list, "2.0.0.127.l.test A 127.0.0.2\n", NULL);
    expect_health(list, "", "not listed");
    expect_health(list, "2.0.0.127.l.test A 127.0.10.0\n", NULL);
    expect_health(list, "2.0.0.127.l.test A 127.0.0.1\n1.0.0.127.l.test A 127.0.0.1\n",
                  "everything");
    expect_health(list, "2.0.0.127.l.test A 127.0.0.2\n1.0.0.127.l.test A 127.0.0.2\n", "wildcard");
    expect_health(list, "2.0.0.127.l.test A 203.0.113.7\n1.0.0.127.l.test A 203.0.113.7\n",
                  "outside 127.0.0.0/8");
    expect_health(list, "2.0.0.127.l.test A 127.255.255.254\n", "public resolvers");
    expect_health(list, "2.0.0.127.l.test A 127.255.255.255\n", "too many questions");
    expect_health(list, "2.0.0.127.l.test A 127.255.255.252\n", "mistyped");
    expect_health(list, "2.0.0.127.l.test A 127.255.255.1\n", "refuses this resolver");
    expect_health(list, "2.0.0.127.l.test A 127.0.0.2\n1.0.0.127.l.test A 127.255.255.254\n",
                  "public resolvers");
}

TEST(test_a_dns_that_fails_says_nothing_of_a_list)
{
    static const char list[] = "blocklist \"l.test\" { \"127.0.0.2\" }";
    expect_health(list, "2.0.0.127.l.test TIMEOUT\n1.0.0.127.l.test TIMEOUT\n", NULL);
    expect_health(list, "2.0.0.127.l.test SERVFAIL\n", NULL);
    expect_health(list, "2.0.0.127.l.test A 127.0.0.2\n1.0.0.127.l.test SERVFAIL\n", NULL);
    expect_health(list, "2.0.0.127.l.test SERVFAIL\n1.0.0.127.l.test A 127.0.0.2\n", "wildcard");
}

TEST(test_health_of_a_list_of_domains)
{
    expect_health("blocklist domain \"l.test\" { \"127.0.1.2\" }", "test.l.test A 127.0.1.2\n",
                  NULL);
    expect_health("blocklist domain \"l.test\" { \"127.0.1.2\" }",
                  "test.l.test A 127.0.1.2\ninvalid.l.test A 127.0.1.2\n", "wildcard");
    expect_health("blocklist domain \"l.test\" { \"127.0.1.2\" test \"dbltest.com\" "
                  "\"example.com\" }",
                  "dbltest.com.l.test A 127.0.1.2\n", NULL);
}
