/* SPDX-License-Identifier: ISC
 * Each fact there is, by its row in facts.def: a rule about it acts at its phase and not before, what
 * is unknown of it defers or does not, what is absent is nothing, and deciding early is deciding
 * late. */
#include "policy/types.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>

ARENA_TESTS(1 << 20);

/* A condition that holds for some value of the type; in `out`. */
static void condition_on(const struct fact_info *info, char *out, size_t size)
{
    switch (info->type.kind) {
    case TYPE_BOOL:
        snprintf(out, size, "%s", info->name);
        return;
    case TYPE_NUMBER:
        snprintf(out, size, "%s == 7", info->name);
        return;
    case TYPE_SIZE:
        snprintf(out, size, "%s == 7B", info->name);
        return;
    case TYPE_DURATION:
        snprintf(out, size, "%s == 7s", info->name);
        return;
    case TYPE_TIME:
        snprintf(out, size, "%s == \"1970-01-01\"", info->name);
        return;
    case TYPE_IP:
        snprintf(out, size, "%s == \"192.0.2.7\"", info->name);
        return;
    case TYPE_ENUM:
        snprintf(out, size, "%s == %s", info->name, info->type.words->words[0]);
        return;
    case TYPE_LIST:
        snprintf(out, size, "count(%s) == 1", info->name);
        return;
    default:
        snprintf(out, size, "%s == \"a@b.test\"", info->name);
    }
}

static struct value value_for(const struct type *type)
{
    static struct value member = {.state = VALUE_KNOWN};
    struct ip ip;
    switch (type->kind) {
    case TYPE_BOOL:
        return value_bool(true);
    case TYPE_NUMBER:
        return value_number(7);
    case TYPE_SIZE:
        return value_integer(7);
    case TYPE_DURATION:
        return value_integer(7000);
    case TYPE_TIME:
    case TYPE_ENUM:
        return value_integer(0);
    case TYPE_IP:
        ip_parse(SLICE("192.0.2.7"), &ip);
        return value_ip(ip);
    case TYPE_LIST:
        return (struct value){.state = VALUE_KNOWN, .list = {&member, 1, false}};
    default:
        return value_text(SLICE("a@b.test"));
    }
}

static bool is_plain(enum fact fact)
{
    return !fact_info(fact)->keyed && fact_info(fact)->producer != PRODUCER_POLICY;
}

static struct config *rule_about(enum fact fact)
{
    char condition[200];
    static char text[300]; /* the configuration points into it */
    condition_on(fact_info(fact), condition, sizeof condition);
    snprintf(text, sizeof text, "rule \"r\" when %s then reject\n", condition);
    struct buf report = buf_init(65536);
    struct config *config = load_text(text, &report); /* may be warned of */
    if (!config)
        fprintf(stderr, "%s%.*s", text, SLICE_ARGS(buf_slice(&report)));
    assert_non_null(config);
    buf_release(&report);
    return config;
}

static struct facts all_but(enum fact fact, struct value value)
{
    struct facts facts = {0};
    for (unsigned i = 0; i < FACT_COUNT; i++)
        facts.fact[i] = fact_baseline((enum fact)i);
    facts.fact[fact] = value;
    return facts;
}

static struct facts known_through(const struct facts *facts, enum phase phase)
{
    struct facts some = *facts;
    for (unsigned i = 0; i < FACT_COUNT; i++)
        if (fact_info((enum fact)i)->phase > phase)
            some.fact[i] = (struct value){0};
    return some;
}

static enum action decided(const struct config *config, const struct facts *facts)
{
    struct verdict verdict;
    assert_int_equal(policy_evaluate(config->policy, facts, PHASE_MESSAGE, arena, &verdict),
                     OUTCOME_DECIDED);
    return verdict.action;
}

TEST(test_a_rule_about_a_fact_acts_when_it_is_known_and_not_before)
{
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        enum fact fact = (enum fact)i;
        if (!is_plain(fact))
            continue;
        struct config *config = rule_about(fact);
        struct facts all = all_but(fact, value_for(&fact_info(fact)->type));
        assert_int_equal(policy_rule_info(config->policy, 0).acts_at, fact_info(fact)->phase);
        assert_int_equal(decided(config, &all), ACTION_REJECT);
        for (unsigned phase = PHASE_CONNECT; phase < PHASE_MESSAGE; phase++) {
            struct verdict verdict;
            struct facts some = known_through(&all, (enum phase)phase);
            enum outcome outcome =
                policy_evaluate(config->policy, &some, (enum phase)phase, arena, &verdict);
            bool known = phase >= fact_info(fact)->phase;
            assert_int_equal(outcome, known ? OUTCOME_DECIDED : OUTCOME_PENDING);
            assert_true(!known || verdict.action == ACTION_REJECT);
        }
        config_free(&config);
    }
}

TEST(test_what_is_unknown_of_a_fact_defers_as_its_row_says_and_what_is_absent_is_nothing)
{
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        enum fact fact = (enum fact)i;
        if (!is_plain(fact))
            continue;
        struct config *config = rule_about(fact);
        bool defers = fact_info(fact)->on_unknown == ON_UNKNOWN_DEFER;
        struct facts unknown = all_but(fact, value_unknown()),
                     absent = all_but(fact, value_absent());
        assert_int_equal(decided(config, &unknown), defers ? ACTION_DEFER : ACTION_ACCEPT);
        assert_int_equal(decided(config, &absent), ACTION_ACCEPT);
        config_free(&config);
    }
}

TEST(test_what_a_rule_names_is_found_out_with_all_that_it_needs_and_nothing_else)
{
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        enum fact fact = (enum fact)i;
        if (!is_plain(fact))
            continue;
        struct config *config = rule_about(fact);
        enum producer producer = fact_info(fact)->producer;
        assert_true(policy_uses(config->policy, fact) && policy_wants(config->policy, producer));
        for (unsigned other = 0; other < FACT_COUNT; other++)
            assert_int_equal(policy_uses(config->policy, (enum fact)other), other == i);
        if (producer_info(producer)->needs == 0)
            for (unsigned p = 0; p < PRODUCER_COUNT; p++)
                assert_int_equal(policy_wants(config->policy, (enum producer)p),
                                 p == (unsigned)producer);
        config_free(&config);
    }
}
