/* SPDX-License-Identifier: ISC
 * What a model says of a message, as a scanner finds it out. */
#include "filters/examine.h"
#include "filters/examine_spam.h"
#include "filters/spam/spam_learner.h"
#include "tests/harness/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ARENA_MAX = 64 << 20, EACH = 130 };
static const struct scan_limits limits = {
    .depth = 8, .parts = 1000, .members = 10000, .unpacked = 64 << 20};
static const uint8_t key[SPAM_KEY_SIZE] = "a site's secret";
static const char *const good[] = {
    "The meeting on Tuesday is moved to room four, please bring the minutes",
    "Attached is the invoice for the bricks that were delivered last week"};
static const char *const bad[] = {
    "You are the lucky winner of a lottery prize, claim your money now",
    "Cheap replica watches, order now and claim your discount today"};

ARENA_TESTS(ARENA_MAX);
static struct scan_answer answer;

static const struct value *fact(enum fact id)
{
    return &answer.facts.fact[id];
}

static void look_at(const char *text, unsigned number, const struct scan_job *wanted)
{
    char *message = arena_alloc(arena, 1024);
    struct scan_job job = *wanted;
    job.limits = limits;
    int len =
        snprintf(message, 1024, "From: a%u@client.example\r\nSubject: number %u\r\n\r\n%s %u\r\n",
                 number, number, text, number);
    assert_true(examine(arena, (struct slice){message, (size_t)len}, &job, &answer));
}

static int sealed_of(struct slice octets)
{
    int file = memfd_create("model", MFD_ALLOW_SEALING);
    assert_int_equal(write(file, octets.ptr, octets.len), octets.len);
    assert_int_equal(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
    return file;
}

static void learn_from(const uint8_t *file)
{
    const char *reason = "";
    int model = sealed_of((struct slice){(const char *)file, SPAM_MODEL_SIZE});
    if (!examine_spam_with(model, &reason))
        fail_msg("%s", reason);
    close(model);
}

/* One that has learnt nothing has the key, by which vectors are made. */
static void with_nothing_learnt(void)
{
    static uint8_t file[SPAM_MODEL_SIZE];
    static int8_t cells[SPAM_CELLS];
    struct spam_model empty = {.key = spam_key_of(key), .scale = 1, .a = 1, .cells = cells};
    spam_model_write(&empty, file);
    learn_from(file);
}

static void learn(size_t each)
{
    static uint8_t file[SPAM_MODEL_SIZE];
    const struct scan_job wanted = {.vector = true};
    struct spam_learner *learner = spam_learner_new(key);
    with_nothing_learnt();
    for (unsigned i = 0; i < 2 * each; i++) {
        look_at(i % 2 ? bad[i / 2 % 2] : good[i / 2 % 2], i, &wanted);
        assert_true(answer.vector.len > 0);
        assert_true(spam_learner_learn(learner, answer.vector, i % 2, 1, NULL));
        arena_reset(arena);
    }
    assert_true(spam_learner_model(learner, file));
    spam_learner_free(&learner);
    learn_from(file);
}

static const struct scan_job all = {.spam = true, .reasons = true, .vector = true};

TEST(test_without_a_model_nothing_is_said)
{
    look_at(bad[0], 1, &all);
    assert_int_equal(fact(FACT_SPAM_PROBABILITY)->state, VALUE_ABSENT);
    assert_int_equal(fact(FACT_SPAM_MODEL)->state, VALUE_ABSENT);
    assert_true(fact(FACT_SPAM_LEARNED)->number == 0);
    assert_int_equal(fact(FACT_SPAM_REASONS)->list.count, 0);
    assert_int_equal(answer.vector.len, 0);
    assert_false(answer.sketch.made);
}

TEST(test_what_is_like_what_was_learnt_is_told_and_by_which_words)
{
    learn(EACH);
    look_at("Dear winner, claim your lottery prize", 7, &all);
    assert_true(fact(FACT_SPAM_PROBABILITY)->number > 0.9);
    assert_true(fact(FACT_SPAM_LEARNED)->number == EACH);
    assert_int_equal(fact(FACT_SPAM_MODEL)->text.len, 64);
    const struct value *reasons = fact(FACT_SPAM_REASONS);
    assert_true(reasons->list.count > 0);
    assert_true(slice_starts(reasons->list.items[0].text, SLICE("+ text: ")));
    look_at("The meeting is moved, please bring the invoice for the bricks", 8, &all);
    assert_true(fact(FACT_SPAM_PROBABILITY)->number < 0.2);
}

TEST(test_the_same_message_has_the_same_vector_whatever_else_is_asked)
{
    learn(EACH);
    const struct scan_job more = {.spam = true,
                                  .vector = true,
                                  .text = true,
                                  .urls = true,
                                  .links = true,
                                  .message = true,
                                  .attachments = true};
    const struct scan_job less = {.vector = true};
    look_at("see http://shop.example/a/b?c and http://192.0.2.1/", 9, &less);
    struct slice vector = answer.vector;
    look_at("see http://shop.example/a/b?c and http://192.0.2.1/", 9, &more);
    assert_true(vector.len > 0 && slice_eq(vector, answer.vector));
}

TEST(test_what_is_not_asked_is_pending)
{
    const struct scan_job spam_alone = {.spam = true}, nothing = {.message = true};
    learn(EACH);
    look_at(bad[0], 1, &spam_alone);
    assert_int_equal(fact(FACT_SPAM_PROBABILITY)->state, VALUE_KNOWN);
    assert_int_equal(fact(FACT_SPAM_REASONS)->state, VALUE_PENDING);
    assert_int_equal(answer.vector.len, 0);
    look_at(bad[0], 1, &nothing);
    assert_int_equal(fact(FACT_SPAM_PROBABILITY)->state, VALUE_PENDING);
}

TEST(test_below_a_hundred_of_each_class_there_is_no_probability)
{
    learn(SPAM_LEARNED_LEAST - 1);
    look_at(bad[0], 1, &all);
    assert_int_equal(fact(FACT_SPAM_PROBABILITY)->state, VALUE_ABSENT);
    assert_true(fact(FACT_SPAM_LEARNED)->number == SPAM_LEARNED_LEAST - 1);
    assert_int_equal(fact(FACT_SPAM_REASONS)->list.count, 0);
}

TEST(test_what_is_no_model_is_refused)
{
    const char *reason = "";
    int none = sealed_of(SLICE("no model"));
    assert_false(examine_spam_with(none, &reason));
    assert_true(*reason);
    assert_false(examine_spam_with(STDIN_FILENO, &reason));
    close(none);
}

static void warm_up(void)
{
    const char *reason;
    assert_true(examine_warm_up(&reason));
}

ALL_TESTS(warm_up, NULL);

static const char long_text[] =
    "We are pleased to tell you that the committee has chosen your address among many for the "
    "yearly payment of our foundation, so confirm your name and the number of your bank";

TEST(test_a_sketch_is_made_under_the_key_of_the_model_and_costs_no_score)
{
    const struct scan_job wanted = {.sketch = true};
    with_nothing_learnt();
    look_at(long_text, 1, &wanted);
    assert_true(answer.sketch.made);
    assert_true(answer.sketch.text);
    assert_false(answer.sketch.structure);
    assert_int_equal(answer.vector.len, 0);
    assert_int_equal(fact(FACT_SPAM_LEARNED)->state, VALUE_PENDING);
    assert_int_equal(fact(FACT_MESSAGE_TEXT)->state, VALUE_PENDING);
    struct campaign_sketch first = answer.sketch;
    look_at(long_text, 2, &(struct scan_job){.sketch = true, .text = true, .spam = true});
    assert_memory_equal(first.digests, answer.sketch.digests, sizeof(uint64_t) * CAMPAIGN_TEXT);
    look_at(long_text, 3, &all);
    assert_false(answer.sketch.made);
}
