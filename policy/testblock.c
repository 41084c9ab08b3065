/* SPDX-License-Identifier: ISC */
#include "policy/testblock.h"

#include "policy/config.h"
#include "policy/place.h"

enum { ARENA_MAX = 16 * 1024 * 1024, FAILURE_MAX = 64 * 1024 };

/* What a clean message has; of one that leaves nothing is asked about strangers, and of others nothing
 * about those who send it out. */
static struct value baseline(enum fact fact, bool outbound)
{
    enum about about = producer_info(fact_info(fact)->producer)->about;
    return about == (outbound ? ABOUT_STRANGERS : ABOUT_OURS) ? value_absent()
                                                              : fact_baseline(fact);
}

static bool is_outbound(const struct policy_test *test)
{
    bool outbound = false;
    for (size_t i = 0; i < test->given_count; i++)
        if (test->givens[i].key < 0 && test->givens[i].fact == FACT_DIRECTION)
            outbound = test->givens[i].value.integer == DIRECTION_OUTBOUND;
    return outbound;
}

static bool set_facts(const struct policy *policy, const struct policy_test *test,
                      struct arena *arena, struct facts *facts)
{
    bool outbound = is_outbound(test);
    for (unsigned i = 0; i < FACT_COUNT; i++)
        facts->fact[i] = baseline((enum fact)i, outbound);
    facts->keyed = facts_keyed_new(arena, policy);
    if (!facts->keyed)
        return false;
    for (size_t i = 0; i < policy->key_count; i++)
        facts->keyed[i] = baseline(policy->keys[i].fact, outbound);
    for (size_t i = 0; i < test->given_count; i++) {
        const struct given *given = &test->givens[i];
        *(given->key < 0 ? &facts->fact[given->fact] : &facts->keyed[given->key]) = given->value;
    }
    return true;
}

static void say_failure(const struct config *config, const struct policy_test *test,
                        const struct expectation *expected, const struct verdict *verdict,
                        const struct facts *facts, struct buf *report)
{
    struct buf failure = buf_init(FAILURE_MAX);
    expectation_describe(config->policy, expected, verdict, facts, &failure);
    place_error(config, report, expected->at, "test \"%.*s\" failed: %.*s", SLICE_ARGS(test->name),
                SLICE_ARGS(buf_slice(&failure)));
    buf_release(&failure);
}

static bool run_test(const struct config *config, const struct policy_test *test,
                     struct arena *arena, struct buf *report)
{
    const struct policy *policy = config->policy;
    struct facts facts = {0};
    struct verdict verdict;
    if (!set_facts(policy, test, arena, &facts) ||
        policy_evaluate(policy, &facts, PHASE_MESSAGE, arena, &verdict) != OUTCOME_DECIDED) {
        buf_printf(report, "test \"%.*s\" failed: out of memory\n", SLICE_ARGS(test->name));
        return false;
    }
    for (size_t i = 0; i < test->expectation_count; i++)
        if (!expectation_fits(&test->expectations[i], &verdict, &facts)) {
            say_failure(config, test, &test->expectations[i], &verdict, &facts, report);
            return false;
        }
    return true;
}

unsigned config_run_tests(const struct config *config, unsigned *total, struct buf *report)
{
    const struct policy *policy = config->policy;
    struct arena *arena = arena_new(ARENA_MAX);
    unsigned failed = 0;
    *total = (unsigned)policy->test_count;
    for (size_t i = 0; arena && i < policy->test_count; i++) {
        failed += !run_test(config, &policy->tests[i], arena, report);
        arena_reset(arena);
    }
    if (!arena)
        failed = *total;
    arena_free(&arena);
    return failed;
}
