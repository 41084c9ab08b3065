/* SPDX-License-Identifier: ISC */
#include "filters/cpu_budget.h"

#include "filters/files/inspect.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <string.h>

enum { LOOK = 64 * 1024, MANY = 100000 };

static void burn(void)
{
    for (volatile unsigned i = 0; i < 100000; i++)
        ;
}

static bool ends(void)
{
    for (unsigned i = 0; i < MANY; i++) {
        burn();
        if (cpu_budget_spent(LOOK))
            return true;
    }
    return false;
}

TEST(test_it_is_spent_after_a_while_and_stays_so)
{
    cpu_budget_begin(5);
    assert_false(cpu_budget_spent(0));
    assert_true(ends());
    assert_true(cpu_budget_spent(0));
    assert_true(cpu_budget_spent(1));
}

TEST(test_the_next_message_has_one_of_its_own)
{
    cpu_budget_begin(1);
    assert_true(ends());
    cpu_budget_begin(600000);
    assert_false(cpu_budget_spent(0));
    assert_false(cpu_budget_spent(LOOK));
}

TEST(test_without_a_bound_it_is_never_spent)
{
    cpu_budget_begin(1);
    assert_true(ends());
    cpu_budget_begin(0);
    for (unsigned i = 0; i < 100; i++) {
        burn();
        assert_false(cpu_budget_spent(LOOK));
    }
}

TEST(test_it_grows_with_the_message)
{
    assert_int_equal(cpu_budget_for(0, 2000, 200), 2000);
    assert_int_equal(cpu_budget_for(50 << 20, 2000, 200), 12000);
    assert_int_equal(cpu_budget_for(512 * 1024, 2000, 200), 2100);
    assert_int_equal(cpu_budget_for(UINT64_C(1) << 31, 0, 60000), 122880000);
}

TEST(test_a_file_for_which_no_time_is_left_is_unscannable)
{
    struct arena *arena = arena_new(16 << 20);
    struct inspection in = inspection_of(arena, archive_default_limits());
    struct slice name = SLICE("a.zip");
    assert_true(inspect_warm_up());
    cpu_budget_begin(1);
    assert_true(ends());
    assert_true(inspect_file(&in, &name, 1, SLICE("PK\3\4 and so on")));
    cpu_budget_begin(0);
    assert_true(in.first->unscannable && in.first->limit);
    assert_string_equal(in.first->why, CPU_BUDGET_SPENT);
    arena_free(&arena);
}
