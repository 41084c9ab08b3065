/* SPDX-License-Identifier: ISC */
#include "console/tally.h"

#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

static struct tally tally;

static void forget(void)
{
    tally_free(&tally);
}

EACH_TEST(NULL, forget);

TEST(test_the_most_frequent_come_first_and_the_others_by_their_names)
{
    static const char *const words[] = {"b", "a", "c", "b", "c", "c", "", "a"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        tally_add(&tally, slice_of(words[i]), 1);
    tally_sort(&tally);
    assert_int_equal(tally.count, 4);
    assert_string_equal(tally.entries[0].word, "c");
    assert_int_equal(tally.entries[0].count, 3);
    assert_string_equal(tally.entries[1].word, "a");
    assert_string_equal(tally.entries[2].word, "b");
    assert_string_equal(tally.entries[3].word, "");
}

TEST(test_many_words_are_counted_each)
{
    char word[32];
    for (int i = 0; i < 30000; i++) {
        snprintf(word, sizeof word, "word %d", i % 10000);
        tally_add(&tally, slice_of(word), 1);
    }
    tally_sort(&tally);
    assert_int_equal(tally.count, 10000);
    for (size_t i = 0; i < tally.count; i++)
        assert_int_equal(tally.entries[i].count, 3);
    assert_false(tally.failed);
}

TEST(test_an_empty_one_can_be_sorted)
{
    tally_sort(&tally);
    assert_int_equal(tally.count, 0);
}
