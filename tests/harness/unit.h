/* SPDX-License-Identifier: ISC
 * What all unit tests have in common. A test is a member of its suite by being written, the suite
 * runs in the order of the file:
 *
 *     ARENA_TESTS(1 << 20);
 *
 *     TEST(test_what_holds)
 *     {
 *         assert_non_null(arena_alloc(arena, 1));
 *     }
 *
 * The built suite takes a test's name, or a pattern, as its argument and runs no other. */
#ifndef TESTS_HARNESS_UNIT_H
#define TESTS_HARNESS_UNIT_H

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SUITE_MAX = 200 };

/* How often, or how much of it: sanitizers see what is wrong long before a release build is done. */
#ifdef SANITIZED
#define MANY(times, sanitized) (sanitized)
#else
#define MANY(times, sanitized) (times)
#endif

/* Run before and after what they surround; may assert. Either may be NULL. */
struct fixture {
    void (*before)(void), (*after)(void);
};

struct test {
    const char *name;
    void (*body)(void);
    struct fixture fixture; /* when empty, the suite's each_test */
    int line;
};

static struct fixture each_test, all_tests;
static int (*with_arguments)(int argc, char *argv[]);
static struct CMUnitTest suite[SUITE_MAX];
static size_t suite_count;

/* Surrounds each test that has no fixture of its own. */
#define EACH_TEST(before, after) static struct fixture each_test = {before, after}

/* Surrounds all of the suite. */
#define ALL_TESTS(before, after) static struct fixture all_tests = {before, after}

/* What the program does when it was started with arguments, instead of tests. */
#define WITH_ARGUMENTS(main) static int (*with_arguments)(int argc, char *argv[]) = main

/* `arena` with at most `size` octets, and what makes and frees it, for a fixture that does more. */
#define ARENA(size)                                                                                \
    static struct arena *arena;                                                                    \
    static void make_arena(void)                                                                   \
    {                                                                                              \
        arena = arena_new(size);                                                                   \
        assert_non_null(arena);                                                                    \
    }                                                                                              \
    static void free_arena(void)                                                                   \
    {                                                                                              \
        arena_free(&arena);                                                                        \
    }                                                                                              \
    struct arena

/* Each test has an `arena` of its own. */
#define ARENA_TESTS(size)                                                                          \
    ARENA(size);                                                                                   \
    EACH_TEST(make_arena, free_arena)

#define TEST(function) TEST_WITH(function, NULL, NULL)

/* A test with a fixture of its own. */
#define TEST_WITH(function, before, after)                                                         \
    static void function(void);                                                                    \
    ENTER_TEST(function, #function, function, before, after)                                       \
    static void function(void)

/* `id` is unique in the file. */
#define ENTER_TEST(id, name, function, before, after)                                              \
    __attribute__((constructor)) static void enter_##id(void)                                      \
    {                                                                                              \
        static struct test test = {name, function, {before, after}, __LINE__};                     \
        suite_enter(&test);                                                                        \
    }

static inline const struct fixture *test_fixture(const struct test *test)
{
    return test->fixture.before || test->fixture.after ? &test->fixture : &each_test;
}

static inline int test_set_up(void **state)
{
    const struct fixture *fixture = test_fixture(*state);
    if (fixture->before)
        fixture->before();
    return 0;
}

static inline void test_run(void **state)
{
    const struct test *test = *state;
    test->body();
}

static inline int test_tear_down(void **state)
{
    const struct fixture *fixture = test_fixture(*state);
    if (fixture->after)
        fixture->after();
    return 0;
}

/* Compilers may call constructors of a file in any order. */
static inline void suite_enter(struct test *test)
{
    size_t at = suite_count++;
    assert_true(at < SUITE_MAX);
    for (; at > 0 && ((struct test *)suite[at - 1].initial_state)->line > test->line; at--)
        suite[at] = suite[at - 1];
    suite[at] = (struct CMUnitTest){test->name, test_run, test_set_up, test_tear_down, test};
}

static inline int suite_set_up(void **state)
{
    (void)state;
    if (all_tests.before)
        all_tests.before();
    return 0;
}

static inline int suite_tear_down(void **state)
{
    (void)state;
    if (all_tests.after)
        all_tests.after();
    return 0;
}

int main(int argc, char *argv[])
{
    if (argc > 1 && with_arguments)
        return with_arguments(argc, argv);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return _cmocka_run_group_tests("tests", suite, suite_count, suite_set_up, suite_tear_down);
}

#endif
