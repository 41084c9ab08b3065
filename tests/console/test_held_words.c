/* SPDX-License-Identifier: ISC */
#include "console/held.h"
#include "tests/harness/unit.h"

static struct held_query asked(const char *word)
{
    struct held_query query = {.place = HELD_IN_QUARANTINE};
    held_by(&query, word);
    return query;
}

TEST(test_a_copy_has_a_number)
{
    assert_int_equal(asked("17").number, 17);
    assert_int_equal(asked("99999999999").number, 99999999999);
}

TEST(test_a_reference_is_one_also_without_letters)
{
    static const char *const references[] = {"d7fa930e1000", "428756091000", "428756091000.2",
                                             "d7fa930e1000.m2", "d7fa930e123456"};
    for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
        struct held_query query = asked(references[i]);
        assert_true(slice_eq(query.reference, slice_of(references[i])));
        assert_int_equal(query.number, 0);
    }
}

TEST(test_all_else_is_looked_for)
{
    static const char *const words[] = {"u@example.com",  "0",  "deadbeef",
                                        "abcdefabcdef@a", "-1", "123456789012 pieces"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_true(slice_eq(asked(words[i]).text, slice_of(words[i])));
}
