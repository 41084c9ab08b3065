/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_learner.h"

#include "filters/spam/spam_calibration.h"
#include "filters/spam/spam_logistic.h"
#include "filters/spam/spam_reasons.h"
#include "tests/filters/spam/spam_message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

ARENA(256 << 20);

static const uint8_t key[SPAM_KEY_SIZE] = "sixteen octets!";
static struct spam_learner *learner;
static uint8_t file[SPAM_MODEL_SIZE];
static struct spam_model model;

static void begin(void)
{
    make_arena();
    learner = spam_learner_new(key);
    assert_non_null(learner);
}

static void end(void)
{
    spam_learner_free(&learner);
    free_arena();
}

EACH_TEST(begin, end);

static const char *message_of(const char *words, unsigned number)
{
    return arena_printf(
               arena, "From: a%u@x.example\r\nSubject: about %u\r\n\r\nThis is %s, number %u.\r\n",
               number % 7, number, words, number)
        .ptr;
}

static double learn(const char *words, unsigned number, bool spam)
{
    double log_odds;
    struct slice vector = vector_of(arena, message_of(words, number), key);
    assert_true(spam_learner_learn(learner, vector, spam, 1, &log_odds));
    return log_odds;
}

static void learn_some(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        learn("the agenda of our meeting", i, false);
        learn("cheap viagra for you", i, true);
    }
}

static void make_model(void)
{
    const char *reason;
    assert_true(spam_learner_model(learner, file));
    assert_true(spam_model_open((struct slice){(char *)file, sizeof file}, &model, &reason));
}

static struct spam_score score(const char *message)
{
    struct spam_score out;
    assert_true(spam_score(&model, vector_of(arena, message, key), &out));
    return out;
}

TEST(test_what_was_learnt_tells_new_mail_apart)
{
    learn_some(100);
    make_model();
    assert_true(score(message_of("some cheap viagra", 99)).probability > 0.9);
    assert_true(score(message_of("the agenda of a meeting", 99)).probability < 0.1);
}

TEST(test_a_message_is_scored_before_it_is_learnt)
{
    double first = learn("cheap viagra for you", 1, true),
           second = learn("cheap viagra for you", 1, true);
    assert_true(first == 0);
    assert_true(second > 0.1);
}

TEST(test_the_same_order_makes_the_same_octets)
{
    static uint8_t before[SPAM_MODEL_SIZE];
    learn_some(20);
    assert_true(spam_learner_model(learner, before));
    spam_learner_free(&learner);
    learner = spam_learner_new(key);
    learn_some(20);
    assert_true(spam_learner_model(learner, file));
    assert_memory_equal(before, file, sizeof file);
    learn("cheap viagra for you", 1, true);
    assert_true(spam_learner_model(learner, file));
    assert_memory_not_equal(before, file, sizeof file);
}

TEST(test_there_is_no_model_of_one_class)
{
    assert_false(spam_learner_model(learner, file));
    for (unsigned i = 0; i < 20; i++)
        learn("cheap viagra for you", i, true);
    assert_false(spam_learner_model(learner, file));
}

TEST(test_there_is_no_model_where_both_classes_are_the_same)
{
    for (unsigned i = 0; i < 40; i++)
        learn("the same", 1, i % 2);
    assert_false(spam_learner_model(learner, file));
}

TEST(test_a_message_that_is_learnt_again_is_no_further_message)
{
    learn_some(20);
    make_model();
    double before = score(message_of("cheap viagra for you", 3)).log_odds;
    struct slice vector = vector_of(arena, message_of("cheap viagra for you", 3), key);
    assert_true(spam_learner_again(learner, vector, true, 1, NULL));
    make_model();
    assert_int_equal(model.spam, 20);
    assert_true(score(message_of("cheap viagra for you", 3)).log_odds > before);
}

TEST(test_the_same_said_for_ever_does_not_grow_for_ever)
{
    double before = 0, last = 0;
    struct slice good = vector_of(arena, message_of("the agenda of our meeting", 1), key),
                 spam = vector_of(arena, message_of("cheap viagra for you", 1), key);
    assert_true(spam_learner_learn(learner, good, false, 1, NULL));
    assert_true(spam_learner_learn(learner, spam, true, 1, NULL));
    for (unsigned i = 0; i < 12000; i++) {
        assert_true(spam_learner_again(learner, good, false, 1, NULL));
        assert_true(spam_learner_again(learner, spam, true, 1, &last));
        if (i == 6000)
            before = last;
    }
    assert_true(last > 1);
    assert_true(last < before + 0.1);
}

TEST(test_a_malformed_vector_is_not_learnt)
{
    learn_some(20);
    make_model();
    uint64_t spam = model.spam;
    double log_odds = 7;
    assert_false(spam_learner_learn(learner, SLICE("\2\1\2\1"), true, 1, &log_odds));
    make_model();
    assert_int_equal(model.spam, spam);
}

TEST(test_the_model_tells_how_much_was_learnt)
{
    learn_some(20);
    learn("the agenda of our meeting", 21, false);
    make_model();
    assert_int_equal(model.ham, 21);
    assert_int_equal(model.spam, 20);
    struct spam_key words = spam_key_of(key);
    assert_memory_equal(&model.key, &words, sizeof words);
}

TEST(test_a_label_of_no_weight_moves_nothing)
{
    double log_odds;
    struct slice vector = vector_of(arena, message_of("cheap viagra", 1), key);
    assert_true(spam_learner_learn(learner, vector, true, 0, NULL));
    assert_true(spam_learner_learn(learner, vector, true, 0, &log_odds));
    assert_true(log_odds == 0);
}

TEST(test_good_words_beside_bad_ones_do_not_hide_them)
{
    learn_some(40);
    make_model();
    struct buf out = buf_init(1 << 16);
    buf_cstr(&out, "From: a1@x.example\r\nSubject: about 1\r\n\r\n");
    for (unsigned i = 0; i < 80; i++)
        buf_printf(&out, "This is the agenda of our meeting, number %u.\r\n", i);
    buf_cstr(&out, "This is cheap viagra for you, number 7.\r\n");
    const char *mixed = arena_cstr(arena, buf_slice(&out));
    buf_release(&out);
    struct spam_score it = score(mixed);
    assert_true(it.window > 0);
    assert_true(it.log_odds > score(message_of("the agenda of our meeting", 1)).log_odds + 0.1);
}

/* ---- the file ---- */

static const char *refused(size_t len)
{
    const char *reason = NULL;
    assert_false(spam_model_open((struct slice){(char *)file, len}, &model, &reason));
    assert_non_null(reason);
    return reason;
}

TEST(test_a_damaged_model_is_refused)
{
    static const size_t places[] = {0, 8, 13, 20, 40, 50, 60, 70, 72, 100000, SPAM_MODEL_SIZE - 1};
    learn_some(20);
    make_model();
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        file[places[i]] ^= 1;
        refused(sizeof file);
        file[places[i]] ^= 1;
    }
    for (size_t len = 0; len < sizeof file; len += 997)
        refused(len);
    make_model();
}

TEST(test_a_model_of_another_version_is_refused_as_such)
{
    learn_some(20);
    make_model();
    file[8]++;
    assert_string_equal(refused(sizeof file), "it is a model of another version");
}

TEST(test_a_malformed_vector_has_no_score)
{
    struct spam_score out;
    learn_some(20);
    make_model();
    assert_false(spam_score(&model, SLICE("\2\1\1"), &out));
}

/* ---- reasons ---- */

static struct spam_reasons reasons_of(const char *message)
{
    struct examined examined;
    struct spam_reasons reasons;
    examine_for_spam(arena, slice_of(message), &examined);
    assert_true(spam_reasons(arena, &examined.source, &model, &reasons));
    return reasons;
}

static bool named(const struct spam_reason *list, size_t count, const char *where, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].where, where) == 0 && strcmp(list[i].text, text) == 0)
            return true;
    return false;
}

TEST(test_reasons_name_the_words_that_say_most)
{
    learn_some(40);
    make_model();
    struct spam_reasons it = reasons_of(message_of("cheap viagra for our meeting", 3));
    assert_int_equal(it.spam_count, SPAM_REASONS_MAX);
    assert_true(named(it.spam, it.spam_count, "text", "viagra"));
    assert_true(named(it.ham, it.ham_count, "text", "meeting"));
    for (size_t i = 1; i < it.spam_count; i++)
        assert_true(it.spam[i].log_odds > 0 && it.spam[i].log_odds <= it.spam[i - 1].log_odds);
}

TEST(test_reasons_show_no_controls_and_are_bounded)
{
    char name[120];
    memset(name, 'N', sizeof name - 1);
    name[3] = '\x1b';
    name[5] = '\xff';
    name[sizeof name - 1] = '\0';
    const char *odd =
        arena_printf(arena, "From: a@x.example\r\nX-Mailer: %s\r\n\r\nx\r\n", name).ptr;
    for (unsigned i = 0; i < 30; i++) {
        assert_true(spam_learner_learn(learner, vector_of(arena, odd, key), true, 1, NULL));
        learn("the agenda of our meeting", i, false);
    }
    make_model();
    struct spam_reasons it = reasons_of(odd);
    assert_true(it.spam_count > 0);
    for (size_t i = 0; i < it.spam_count; i++)
        for (const char *c = it.spam[i].text; *c; c++)
            assert_true((unsigned char)*c >= ' ' && (unsigned char)*c < 0x7f);
}

/* ---- the sums ---- */

TEST(test_the_logistic_is_what_the_c_library_says)
{
    for (double x = -38; x <= 38; x += 0.37)
        assert_true(fabs(spam_logistic(x) * (1 + exp(-x)) - 1) < 1e-9);
    assert_true(spam_logistic(-1e9) >= 0 && spam_logistic(1e9) <= 1);
}

TEST(test_calibrated_probabilities_are_shares)
{
    static struct spam_outcome outcomes[2000];
    uint32_t state = 1;
    for (size_t i = 0; i < 2000; i++) {
        state = state * 1664525 + 1013904223;
        double odds = (double)(state >> 16) / 8192 - 4;
        state = state * 1664525 + 1013904223;
        outcomes[i] = (struct spam_outcome){(float)odds, (state >> 8) / 16777216.0 <
                                                             spam_logistic(2 * odds - 1)};
    }
    double a, b;
    assert_true(spam_calibrate(outcomes, 2000, &a, &b));
    assert_true(fabs(a - 2) < 0.3 && fabs(b + 1) < 0.3);
}

TEST(test_outcomes_that_are_upside_down_cannot_be_calibrated)
{
    static const struct spam_outcome outcomes[] = {{1, false}, {2, false}, {-1, true}, {-2, true}};
    double a, b;
    assert_false(spam_calibrate(outcomes, 4, &a, &b));
}
