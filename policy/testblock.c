/* SPDX-License-Identifier: ISC */
#include "policy/testblock.h"

#include "policy/config.h"

enum { ARENA_MAX = 16 * 1024 * 1024 };

static bool set_facts(const struct policy *policy, const struct policy_test *test,
                      struct arena *arena, struct facts *facts)
{
    for (unsigned i = 0; i < FACT_COUNT; i++)
        facts->fact[i] = fact_baseline((enum fact)i);
    facts->keyed = facts_keyed_new(arena, policy);
    if (!facts->keyed)
        return false;
    for (size_t i = 0; i < policy->key_count; i++)
        facts->keyed[i] = fact_baseline(policy->keys[i].fact);
    for (size_t i = 0; i < test->given_count; i++) {
        const struct given *given = &test->givens[i];
        *(given->key < 0 ? &facts->fact[given->fact] : &facts->keyed[given->key]) = given->value;
    }
    return true;
}

static void say_failure(const struct policy *policy, const struct policy_test *test,
                        const struct expectation *expected, const struct verdict *verdict,
                        const struct facts *facts, struct buf *report)
{
    buf_printf(report, "%.*s:%u: error: test \"%.*s\" failed: ", SLICE_ARGS(expected->file),
               expected->line, SLICE_ARGS(test->name));
    expectation_describe(policy, expected, verdict, facts, report);
    buf_char(report, '\n');
}

static bool run_test(const struct policy *policy, const struct policy_test *test,
                     struct arena *arena, struct buf *report)
{
    struct facts facts = {0};
    struct verdict verdict;
    if (!set_facts(policy, test, arena, &facts) ||
        policy_evaluate(policy, &facts, PHASE_MESSAGE, arena, &verdict) != OUTCOME_DECIDED) {
        buf_printf(report, "test \"%.*s\" failed: out of memory\n", SLICE_ARGS(test->name));
        return false;
    }
    for (size_t i = 0; i < test->expectation_count; i++)
        if (!expectation_fits(&test->expectations[i], &verdict, &facts)) {
            say_failure(policy, test, &test->expectations[i], &verdict, &facts, report);
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
        failed += !run_test(policy, &policy->tests[i], arena, report);
        arena_reset(arena);
    }
    if (!arena)
        failed = *total;
    arena_free(&arena);
    return failed;
}
