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

static bool score_fits(const struct expectation *expected, double score)
{
    switch (expected->compare) {
    case COMPARE_EQ:
        return score == expected->score;
    case COMPARE_NE:
        return score != expected->score;
    case COMPARE_LT:
        return score < expected->score;
    case COMPARE_LE:
        return score <= expected->score;
    case COMPARE_GT:
        return score > expected->score;
    default:
        return score >= expected->score;
    }
}

static bool has_fired(const struct verdict *verdict, int rule)
{
    for (size_t i = 0; i < verdict->fired_count; i++)
        if ((int)verdict->fired[i] == rule)
            return true;
    return false;
}

static bool fits(const struct expectation *expected, const struct verdict *verdict)
{
    switch (expected->kind) {
    case EXPECT_SCORE:
        return score_fits(expected, verdict->score);
    case EXPECT_FIRED:
        return has_fired(verdict, expected->rule) != expected->negated;
    default:
        return verdict->action == expected->action &&
               (expected->rule < 0 || verdict->rule == expected->rule);
    }
}

static void say_rule(const struct policy *policy, int rule, const char *by, struct buf *report)
{
    if (rule >= 0)
        buf_printf(report, "%s \"%.*s\"", by, SLICE_ARGS(policy->rules[rule].name));
}

static void say_got(const struct policy *policy, const struct expectation *expected,
                    const struct verdict *verdict, struct buf *report)
{
    if (expected->kind == EXPECT_SCORE) {
        buf_printf(report, ", got score %g\n", verdict->score);
        return;
    }
    buf_printf(report, ", got %s", action_info(verdict->action)->word);
    say_rule(policy, verdict->rule, " by", report);
    if (verdict->unknown >= 0)
        buf_printf(report, " because %s is unknown", fact_info((enum fact)verdict->unknown)->name);
    buf_char(report, '\n');
}

static void say_failure(const struct policy *policy, const struct policy_test *test,
                        const struct expectation *expected, const struct verdict *verdict,
                        struct buf *report)
{
    static const char *const compare[] = {"==", "!=", "<", "<=", ">", ">="};
    buf_printf(report, "%.*s:%u: test \"%.*s\" failed: expected ", SLICE_ARGS(expected->file),
               expected->line, SLICE_ARGS(test->name));
    if (expected->kind == EXPECT_SCORE)
        buf_printf(report, "score %s %g", compare[expected->compare], expected->score);
    else if (expected->kind == EXPECT_FIRED)
        say_rule(policy, expected->rule, expected->negated ? "not fired" : "fired", report);
    else
        buf_cstr(report, action_info(expected->action)->word);
    if (expected->kind == EXPECT_VERDICT)
        say_rule(policy, expected->rule, " by", report);
    say_got(policy, expected, verdict, report);
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
        if (!fits(&test->expectations[i], &verdict)) {
            say_failure(policy, test, &test->expectations[i], &verdict, report);
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
