/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_cell.h"

#include "tests/harness/unit.h"

static const struct spam_key key = {{1, 2}}, other = {{1, 3}};

TEST(test_a_cell_is_one_of_those_there_are)
{
    char text[300] = {0};
    for (size_t len = 0; len <= sizeof text; len++)
        assert_true(spam_cell(&key, SPAM_TOKEN_WORD, (struct slice){text, len}) < SPAM_CELLS);
    assert_true(spam_cell_gram(&key, SPAM_TOKEN_SUBJECT_GRAM, "abcd") < SPAM_CELLS);
}

TEST(test_key_token_and_text_all_count)
{
    uint32_t cell = spam_cell(&key, SPAM_TOKEN_WORD, SLICE("cheapest"));
    assert_int_equal(cell, spam_cell(&key, SPAM_TOKEN_WORD, SLICE("cheapest")));
    assert_int_not_equal(cell, spam_cell(&other, SPAM_TOKEN_WORD, SLICE("cheapest")));
    assert_int_not_equal(cell, spam_cell(&key, SPAM_TOKEN_SUBJECT, SLICE("cheapest")));
    assert_int_not_equal(cell, spam_cell(&key, SPAM_TOKEN_WORD, SLICE("cheapess")));
    assert_int_not_equal(cell, spam_cell(&key, SPAM_TOKEN_WORD, SLICE("cheapest\0")));
}

TEST(test_four_octets_have_the_same_cell_either_way)
{
    assert_int_equal(spam_cell_gram(&key, SPAM_TOKEN_SUBJECT_GRAM, "viag"),
                     spam_cell(&key, SPAM_TOKEN_SUBJECT_GRAM, SLICE("viag")));
}

TEST(test_each_token_has_a_name)
{
    for (enum spam_token token = 0; token < SPAM_TOKEN_COUNT; token++)
        assert_true(spam_token_name(token)[0] >= 'a');
}
