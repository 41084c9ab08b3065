/* SPDX-License-Identifier: ISC */
#include "common/learning.h"
#include "tests/harness/unit.h"

#include <string.h>

static const struct label whole = {.number = 7,
                                   .message = {1, 2, 3},
                                   .class = LABEL_SPAM,
                                   .how = LABEL_TRAP,
                                   .account = SLICE("jane@example.com"),
                                   .reference = SLICE("0123456789ab"),
                                   .time = 1700000000,
                                   .vector = SLICE("a vector")};
static struct buf out;

static void begin(void)
{
    out = buf_init(4 * LABEL_VECTOR_MOST);
}

static void end(void)
{
    buf_release(&out);
}

EACH_TEST(begin, end);

static bool passes(const struct label *label)
{
    struct label again;
    buf_clear(&out);
    label_pack(&out, label);
    return label_unpack(buf_slice(&out), &again);
}

TEST(test_a_label_comes_as_it_went)
{
    struct label again;
    label_pack(&out, &whole);
    assert_true(label_unpack(buf_slice(&out), &again));
    assert_int_equal(again.number, 7);
    assert_memory_equal(again.message, whole.message, LABEL_MESSAGE);
    assert_int_equal(again.class, LABEL_SPAM);
    assert_int_equal(again.how, LABEL_TRAP);
    assert_int_equal(again.time, 1700000000);
    assert_true(slice_eq(again.account, whole.account));
    assert_true(slice_eq(again.reference, whole.reference));
    assert_true(slice_eq(again.vector, whole.vector));
}

TEST(test_what_is_cut_or_longer_is_no_label)
{
    struct label again;
    label_pack(&out, &whole);
    struct slice octets = buf_slice(&out);
    for (size_t len = 0; len < octets.len; len++)
        assert_false(label_unpack(slice_sub(octets, 0, len), &again));
    buf_char(&out, '\0');
    assert_false(label_unpack(buf_slice(&out), &again));
}

TEST(test_what_is_beyond_bounds_is_no_label)
{
    static char room[LABEL_VECTOR_MOST + 1];
    struct label label = whole;
    label.vector = (struct slice){room, LABEL_VECTOR_MOST};
    assert_true(passes(&label));
    label.vector.len++;
    assert_false(passes(&label));
    label.vector.len = 0;
    assert_false(passes(&label));
    label = whole;
    label.account = (struct slice){room, LABEL_TEXT_MOST + 1};
    assert_false(passes(&label));
    label = whole;
    label.reference = label.account = (struct slice){room, LABEL_TEXT_MOST};
    assert_true(passes(&label));
    label.reference.len++;
    assert_false(passes(&label));
    label = whole;
    label.class = LABEL_CLASSES;
    assert_false(passes(&label));
    label = whole;
    label.how = LABEL_HOWS;
    assert_false(passes(&label));
    label = whole;
    label.time = -1;
    assert_false(passes(&label));
}

TEST(test_each_how_has_a_word_of_its_own)
{
    enum label_how found;
    for (enum label_how how = 0; how < LABEL_HOWS; how++) {
        assert_true(label_how_of(slice_of(label_how_word(how)), &found));
        assert_int_equal(found, how);
    }
    assert_false(label_how_of(SLICE(""), &found));
    assert_false(label_how_of(SLICE("import"), &found));
}

TEST(test_items_and_predictions_come_one_by_one_until_one_is_none)
{
    struct learn_item item = {9, LABEL_SPAM, 500, SLICE("sealed"), 3, true}, again;
    for (int i = 0; i < 2; i++)
        learn_item_pack(&out, &item);
    struct unpack in = {.left = buf_slice(&out)};
    for (int i = 0; i < 2; i++) {
        assert_true(learn_item_next(&in, &again));
        assert_int_equal(again.number, 9);
        assert_int_equal(again.weight, 500);
        assert_true(again.quiet);
        assert_true(slice_eq(again.sealed, item.sealed));
    }
    assert_false(learn_item_next(&in, &again));
    assert_false(in.bad);
    in.left = slice_sub(buf_slice(&out), 0, buf_len(&out) - 1);
    assert_true(learn_item_next(&in, &again));
    assert_false(learn_item_next(&in, &again));
    assert_true(in.bad);
    assert_false(learn_item_next(&in, &again));
}

TEST(test_a_prediction_has_its_octets)
{
    struct learn_prediction prediction = {9, LABEL_SPAM, 0xabcd}, again;
    learn_prediction_pack(&out, &prediction);
    assert_int_equal(buf_len(&out), LEARN_PREDICTION);
    struct unpack in = {.left = buf_slice(&out)};
    assert_true(learn_prediction_next(&in, &again));
    assert_int_equal(again.probability, 0xabcd);
    assert_int_equal(again.class, LABEL_SPAM);
    assert_false(learn_prediction_next(&in, &again));
    in = (struct unpack){.left = SLICE("\1\0\0\0\0\0\0\0\2\0\0")};
    assert_false(learn_prediction_next(&in, &again));
    assert_true(in.bad);
}

TEST(test_an_outcome_comes_as_it_went)
{
    struct learn_built built = {1, LEARN_WORSE, 2, 3, 4, 5, 6, 7, {8}}, again;
    learn_built_pack(&out, &built);
    assert_true(learn_built_unpack(buf_slice(&out), &again));
    assert_int_equal(again.outcome, LEARN_WORSE);
    assert_int_equal(again.old_loss, 7);
    assert_int_equal(again.digest[0], 8);
    for (size_t len = 0; len < buf_len(&out); len++)
        assert_false(learn_built_unpack(slice_sub(buf_slice(&out), 0, len), &again));
    buf_clear(&out);
    built.outcome = LEARN_OUTCOMES;
    learn_built_pack(&out, &built);
    assert_false(learn_built_unpack(buf_slice(&out), &again));
}
