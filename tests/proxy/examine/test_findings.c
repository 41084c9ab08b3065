/* SPDX-License-Identifier: ISC */
#include "proxy/examine/findings.h"

#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

ARENA_TESTS(1 << 20);

static const char rules[] = "rule \"a\" when client.fcrdns and header[\"X\"] == \"y\"\n"
                            "  and rate(client.ip, 1h, connections) > 3 then log \"x\"\n";

static bool of_client(enum fact fact)
{
    return fact_info(fact)->producer == PRODUCER_CLIENT || fact == FACT_DNSBL_LISTS;
}

static bool of_rates(const struct policy_key *key)
{
    return key->fact == FACT_RATE;
}

/* In memory that is overwritten once the findings are made. */
static struct value names(char *octets, struct value *items)
{
    items[0] = value_text((struct slice){octets, 3});
    items[1] = value_text((struct slice){octets + 3, 3});
    return (struct value){.state = VALUE_KNOWN, .list = {items, 2, true}};
}

static size_t rate_key(const struct policy *policy)
{
    size_t count, i = 0;
    const struct policy_key *keys = policy_keys(policy, &count);
    while (i < count && keys[i].fact != FACT_RATE)
        i++;
    assert_true(i < count);
    return i;
}

TEST(test_what_was_found_out_needs_nothing_of_where_it_was_found_out)
{
    char octets[] = "abcdef";
    struct value items[2];
    struct config *config = load_good(rules);
    struct facts facts = {.keyed = facts_keyed_new(arena, config->policy)}, again = facts;
    again.keyed = facts_keyed_new(arena, config->policy);
    size_t rate = rate_key(config->policy);
    facts.fact[FACT_CLIENT_PTR] = value_text((struct slice){octets, 6});
    facts.fact[FACT_CLIENT_FCRDNS] = value_unknown();
    facts.fact[FACT_DNSBL_LISTS] = names(octets, items);
    facts.fact[FACT_HELO_RESOLVES] = value_bool(true);
    facts.keyed[rate] = value_number(2.5);
    struct findings *findings = findings_new(arena, config->policy, &facts, of_client, of_rates);
    assert_non_null(findings);
    memset(octets, 'z', sizeof octets);
    memset(items, 0, sizeof items);
    facts.keyed[rate] = value_absent();
    findings_put(findings, &again);
    assert_true(slice_eq(again.fact[FACT_CLIENT_PTR].text, SLICE("abcdef")));
    assert_int_equal(again.fact[FACT_CLIENT_FCRDNS].state, VALUE_UNKNOWN);
    const struct list *list = &again.fact[FACT_DNSBL_LISTS].list;
    assert_int_equal(list->count, 2);
    assert_true(list->cut && slice_eq(list->items[1].text, SLICE("def")));
    assert_true(again.keyed[rate].number == 2.5);
    assert_int_equal(again.fact[FACT_HELO_RESOLVES].state, VALUE_PENDING);
    again.keyed = NULL;
    findings_put(findings, &again);
    config_free(&config);
}

TEST(test_what_cannot_be_found_out_again_is_unknown)
{
    struct config *config = load_good(rules);
    struct facts facts = {.keyed = NULL}, again = facts;
    facts.fact[FACT_CLIENT_PTR] = value_text(SLICE("x"));
    facts.fact[FACT_DNSBL_LISTS] = value_absent();
    struct findings *findings = findings_new(arena, config->policy, &facts, of_client, of_rates);
    findings_fail(findings, PRODUCER_CLIENT);
    findings_put(findings, &again);
    assert_int_equal(again.fact[FACT_CLIENT_PTR].state, VALUE_UNKNOWN);
    assert_int_equal(again.fact[FACT_CLIENT_FCRDNS].state, VALUE_PENDING);
    assert_int_equal(again.fact[FACT_DNSBL_LISTS].state, VALUE_ABSENT);
    config_free(&config);
}

TEST(test_without_memory_there_are_none)
{
    static char text[2048];
    struct config *config = load_good(rules);
    struct facts facts = {.keyed = NULL};
    struct arena *small = arena_new(1024);
    facts.fact[FACT_CLIENT_PTR] = value_text((struct slice){text, sizeof text});
    assert_null(findings_new(small, config->policy, &facts, of_client, of_rates));
    arena_free(&small);
    config_free(&config);
}
