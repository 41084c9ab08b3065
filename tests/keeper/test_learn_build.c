/* SPDX-License-Identifier: ISC */
#include "keeper/learn_build.h"

#include "filters/spam/spam_learner.h"
#include "keeper/learn_compare.h"
#include "tests/harness/labels.h"

#include <math.h>

enum { ENOUGH = 200, ROOM = 64 << 20 };

static const uint8_t key[SPAM_KEY_SIZE] = "sixteen octets!";
static struct learn_made made, old;
static struct buf labels;
static uint64_t number;
static const char *reason;

static void begin(void)
{
    labels = buf_init(ROOM);
    number = 0;
}

static void end(void)
{
    buf_release(&labels);
    buf_release(&made.predictions);
    buf_release(&old.predictions);
}

EACH_TEST(begin, end);

/* Here vectors are as they are: what sealing does is test_labels.c's. */
static uint32_t untold, most_untold;
static bool as_it_is(void *ctx, struct slice sealed, struct slice *vector)
{
    (void)ctx;
    untold++;
    most_untold = untold > most_untold ? untold : most_untold;
    *vector = sealed;
    return sealed.len > 1;
}

static uint32_t told_done, told_of;
static void note_progress(void *ctx, uint32_t done, uint32_t of)
{
    (void)ctx;
    told_done = done;
    told_of = of;
    untold = 0;
}

static const struct learn_helper helper = {NULL, as_it_is, note_progress};

static void say(uint64_t account, enum label_class class, struct slice vector, bool quiet)
{
    struct learn_item item = {++number, class, LEARN_WEIGHT, vector, account, quiet};
    learn_item_pack(&labels, &item);
}

static void teach(enum label_class like, enum label_class class, unsigned message)
{
    say(0, class, vector_like(like, message), false);
}

static void teach_both(unsigned from, unsigned to)
{
    for (unsigned n = from; n < to; n++) {
        teach(LABEL_GOOD, LABEL_GOOD, n);
        teach(LABEL_SPAM, LABEL_SPAM, n);
    }
}

static void build(struct learn_made *out, const struct learn_made *before)
{
    struct learn_given given = {.number = 7, .labels = buf_slice(&labels), .key = key};
    if (before) {
        given.old_model = (struct slice){(const char *)before->model, SPAM_MODEL_SIZE};
        given.old_predictions = buf_slice(&before->predictions);
    }
    buf_release(&out->predictions);
    if (!learn_build(&given, &helper, out, &reason))
        fail_msg("%s", reason);
    assert_int_equal(out->built.number, 7);
}

static struct spam_model opened(const struct learn_made *of)
{
    struct spam_model model;
    assert_true(
        spam_model_open((struct slice){(const char *)of->model, SPAM_MODEL_SIZE}, &model, &reason));
    assert_memory_equal(model.digest, of->built.digest, LEARN_DIGEST);
    return model;
}

static double probability_of(const struct learn_made *of, enum label_class like)
{
    struct spam_model model = opened(of);
    struct spam_score score;
    assert_true(spam_score(&model, vector_like(like, 9999), &score));
    return score.probability;
}

TEST(test_of_no_labels_comes_a_model_with_the_key_alone)
{
    build(&made, NULL);
    assert_int_equal(made.built.outcome, LEARN_COLLECTING);
    struct spam_model model = opened(&made);
    assert_int_equal(model.ham + model.spam, 0);
    assert_memory_equal(&model.key, &(struct spam_key[]){spam_key_of(key)}[0], sizeof model.key);
    for (size_t i = 0; i < SPAM_CELLS; i++)
        assert_int_equal(model.cells[i], 0);
    assert_int_equal(buf_len(&made.predictions), 0);
}

TEST(test_fifty_of_each_make_a_model_and_fewer_none)
{
    teach_both(0, 49);
    teach(LABEL_SPAM, LABEL_SPAM, 49);
    build(&made, NULL);
    assert_int_equal(made.built.outcome, LEARN_COLLECTING);
    assert_int_equal(made.built.good, 49);
    assert_int_equal(made.built.spam, 50);
    assert_int_equal(opened(&made).spam, 0);
    teach(LABEL_GOOD, LABEL_GOOD, 49);
    build(&made, NULL);
    assert_int_equal(made.built.outcome, LEARN_PUBLISHED);
    assert_int_equal(opened(&made).spam, 50);
}

TEST(test_a_model_tells_good_mail_from_spam)
{
    teach_both(0, ENOUGH);
    build(&made, NULL);
    assert_true(probability_of(&made, LABEL_SPAM) > 0.9);
    assert_true(probability_of(&made, LABEL_GOOD) < 0.1);
    assert_true(made.built.loss > 0 && made.built.loss < 200000);
    assert_int_equal(made.built.compared, 0);
}

TEST(test_what_one_user_has_answered_is_learnt_and_what_he_says_is_not)
{
    say(1, LABEL_GOOD, vector_like(LABEL_GOOD, 1), true);
    say(1, LABEL_GOOD, vector_like(LABEL_GOOD, 2), false);
    build(&made, NULL);
    assert_int_equal(made.built.good, 1);
    teach(LABEL_GOOD, LABEL_SPAM, 1);
    build(&made, NULL);
    assert_int_equal(made.built.good, 0);
    assert_int_equal(made.built.spam, 1);
}

TEST(test_each_label_has_its_prediction_in_order)
{
    struct learn_prediction prediction;
    teach_both(0, ENOUGH);
    build(&made, NULL);
    struct unpack in = {.left = buf_slice(&made.predictions)};
    for (uint64_t n = 1; n <= number; n++) {
        assert_true(learn_prediction_next(&in, &prediction));
        assert_int_equal(prediction.number, n);
        assert_int_equal(prediction.class, n % 2 ? LABEL_GOOD : LABEL_SPAM);
        if (n > number / 2)
            assert_int_equal(prediction.probability > UINT16_MAX / 2, n % 2 == 0);
    }
    assert_false(learn_prediction_next(&in, &prediction));
    assert_false(in.bad);
}

TEST(test_the_same_labels_make_the_same_octets)
{
    teach_both(0, ENOUGH);
    build(&old, NULL);
    build(&made, NULL);
    assert_memory_equal(old.model, made.model, SPAM_MODEL_SIZE);
    assert_true(slice_eq(buf_slice(&old.predictions), buf_slice(&made.predictions)));
    build(&made, &old);
    assert_int_equal(made.built.outcome, LEARN_PUBLISHED);
    assert_int_equal(made.built.compared, 2 * ENOUGH);
    assert_in_range(made.built.loss + 100, made.built.old_loss, made.built.old_loss + 200);
}

TEST(test_more_of_the_same_is_used)
{
    teach_both(0, ENOUGH);
    build(&old, NULL);
    teach_both(ENOUGH, 2 * ENOUGH);
    build(&made, &old);
    assert_int_equal(made.built.outcome, LEARN_PUBLISHED);
    assert_int_equal(made.built.compared, LEARN_COMPARED);
}

TEST(test_who_teaches_the_contrary_of_what_is_known_is_not_believed)
{
    teach_both(0, ENOUGH);
    build(&old, NULL);
    for (unsigned n = 0; n < ENOUGH; n++) {
        teach(LABEL_GOOD, LABEL_SPAM, ENOUGH + n);
        teach(LABEL_SPAM, LABEL_GOOD, ENOUGH + n);
    }
    build(&made, &old);
    assert_int_equal(made.built.outcome, LEARN_WORSE);
}

TEST(test_a_little_of_the_same_and_one_mistake_are_used)
{
    teach_both(0, ENOUGH);
    build(&old, NULL);
    teach_both(ENOUGH, ENOUGH + 5);
    build(&made, &old);
    assert_int_equal(made.built.outcome, LEARN_PUBLISHED);
    teach(LABEL_GOOD, LABEL_SPAM, 9998);
    build(&made, &old);
    assert_int_equal(made.built.outcome, LEARN_PUBLISHED);
}

TEST(test_who_calls_much_good_mail_spam_is_not_believed)
{
    teach_both(0, ENOUGH);
    build(&old, NULL);
    for (unsigned n = 0; n < ENOUGH / 2; n++)
        teach(LABEL_GOOD, LABEL_SPAM, ENOUGH + n);
    build(&made, &old);
    assert_int_equal(made.built.outcome, LEARN_WORSE);
    assert_true(made.built.compared > 100 && made.built.loss > made.built.old_loss);
}

TEST(test_good_mail_and_spam_are_learnt_in_turn_in_whatever_order_they_come)
{
    for (unsigned n = 0; n < ENOUGH; n++)
        teach(LABEL_SPAM, LABEL_SPAM, n);
    for (unsigned n = 0; n < ENOUGH; n++)
        teach(LABEL_GOOD, LABEL_GOOD, n);
    build(&made, NULL);
    assert_int_equal(made.built.outcome, LEARN_PUBLISHED);
    assert_in_range(made.built.loss, 0, 400000);
}

TEST(test_labels_that_cannot_be_opened_are_counted_and_left_out)
{
    teach_both(0, ENOUGH);
    build(&old, NULL);
    say(0, LABEL_SPAM, SLICE("x"), false);
    say(0, LABEL_SPAM, SLICE("no vector"), false);
    build(&made, NULL);
    assert_int_equal(made.built.unread, 2);
    assert_int_equal(made.built.spam, ENOUGH);
    assert_int_equal(made.built.outcome, LEARN_PUBLISHED);
}

TEST(test_nonsense_is_refused_whole)
{
    struct learn_given given = {.labels = SLICE("nonsense"), .key = key};
    assert_false(learn_build(&given, &helper, &made, &reason));
    teach_both(0, ENOUGH);
    given.labels = slice_sub(buf_slice(&labels), 0, buf_len(&labels) - 1);
    assert_false(learn_build(&given, &helper, &made, &reason));
}

TEST(test_after_an_upgrade_a_model_of_another_version_keeps_no_new_one_away)
{
    enum { VERSION = 8 };
    teach_both(0, ENOUGH);
    build(&old, NULL);
    old.model[VERSION]++;
    build(&made, &old);
    assert_int_equal(made.built.outcome, LEARN_PUBLISHED);
    assert_int_equal(made.built.compared, 0);
    assert_true(probability_of(&made, LABEL_SPAM) > 0.9);
}

TEST(test_it_is_told_how_far_it_is)
{
    teach_both(0, 2 * ENOUGH);
    build(&made, NULL);
    assert_int_equal(told_of, SPAM_LEARNER_PASSES * 4 * ENOUGH);
    assert_in_range(told_done, 4 * (SPAM_LEARNER_PASSES - 1) * ENOUGH,
                    4 * SPAM_LEARNER_PASSES * ENOUGH);
}

TEST(test_it_is_told_as_often_while_it_is_found_out_who_is_heard)
{
    untold = most_untold = 0;
    for (unsigned n = 0; n < 4 * LEARN_TOLD_EACH; n++) {
        say(n + 1, LABEL_SPAM, vector_like(LABEL_SPAM, n), false);
    }
    build(&made, NULL);
    assert_in_range(most_untold, 1, LEARN_TOLD_EACH);
}

TEST(test_what_is_worse_by_chance_or_by_nothing_is_not_called_worse)
{
    struct learn_compared even = {0}, worse = {0}, barely = {0}, none = {0};
    for (int i = 0; i < 100; i++) {
        learn_compare(&even, i % 2 ? 0.5 : 0.3, i % 2 ? 0.2 : 0.5);
        learn_compare(&worse, i % 2 ? 0.5 : 0.3, i % 2 ? 0.4 : 0.2);
        learn_compare(&barely, 0.5001, 0.5);
    }
    assert_false(learn_is_worse(&even));
    assert_true(learn_is_worse(&worse));
    assert_false(learn_is_worse(&barely));
    assert_false(learn_is_worse(&none));
}

TEST(test_a_probability_is_never_quite_sure)
{
    assert_int_equal(learn_probability(1000), UINT16_MAX);
    assert_int_equal(learn_probability(-1000), 0);
    assert_true(learn_loss(0, LABEL_SPAM) < 20 && learn_loss(UINT16_MAX, LABEL_SPAM) < 1e-4);
    for (double odds = -8; odds < 8; odds += 0.5)
        assert_true(fabs(learn_log_odds(learn_probability(odds)) - odds) < 0.1);
}
