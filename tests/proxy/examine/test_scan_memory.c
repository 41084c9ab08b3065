/* SPDX-License-Identifier: ISC */
#include "proxy/examine/scan_memory.h"
#include "tests/harness/unit.h"

#include <string.h>

static struct scan_memory *memory;

static const unsigned char message[SCAN_DIGEST] = {1, 2, 3}, other[SCAN_DIGEST] = {3, 2, 1};
static const struct scan_key one = {.digest = {1, 2, 3}}, same_place = {.digest = {1, 2, 4}};

static void begin(void)
{
    memory = scan_memory_new();
    assert_non_null(memory);
}

static void end(void)
{
    scan_memory_free(&memory);
}

EACH_TEST(begin, end);

static bool recalls(const struct scan_key *key, int64_t now, struct slice expected)
{
    return slice_eq(scan_memory_recall(memory, key, now), expected);
}

TEST(test_what_was_said_of_a_message_is_said_again_for_an_hour)
{
    assert_true(recalls(&one, 0, SLICE("")));
    scan_memory_note(memory, &one, 0, SLICE("clean"));
    assert_true(recalls(&one, SCAN_MEMORY_MS - 1, SLICE("clean")));
    assert_true(recalls(&one, SCAN_MEMORY_MS, SLICE("")));
    assert_true(recalls(&same_place, 0, SLICE("")));
}

TEST(test_new_signatures_end_it_also_for_answers_on_their_way)
{
    scan_memory_note(memory, &one, 0, SLICE("clean"));
    scan_memory_forget(memory);
    assert_true(recalls(&one, 0, SLICE("")));
    scan_memory_note(memory, &one, 0, SLICE("clean"));
    assert_true(recalls(&one, 0, SLICE("")));
}

TEST(test_what_is_too_long_is_not_remembered)
{
    static char text[SCAN_MEMORY_ANSWER_MAX + 1];
    scan_memory_note(memory, &one, 0, (struct slice){text, sizeof text});
    assert_true(recalls(&one, 0, SLICE("")));
    scan_memory_note(memory, &one, 0, (struct slice){text, sizeof text - 1});
    assert_int_equal(scan_memory_recall(memory, &one, 0).len, sizeof text - 1);
}

TEST(test_the_newest_takes_the_place)
{
    scan_memory_note(memory, &one, 0, SLICE("clean"));
    scan_memory_note(memory, &same_place, 0, SLICE("infected"));
    assert_true(recalls(&one, 0, SLICE("")));
    assert_true(recalls(&same_place, 0, SLICE("infected")));
}

static struct scan_key key_of(const unsigned char *digest, const struct scan_job *job)
{
    struct scan_key key;
    assert_true(scan_memory_key(memory, digest, job, &key));
    return key;
}

static bool same(struct scan_key a, struct scan_key b)
{
    return memcmp(a.digest, b.digest, SCAN_DIGEST) == 0;
}

TEST(test_another_message_another_question_and_other_limits_are_known_by_another_key)
{
    struct scan_job job = {.message = true}, asks_more = {.message = true, .links = true},
                    limited = {.message = true, .limits.depth = 3};
    struct scan_key key = key_of(message, &job);
    assert_false(same(key, key_of(other, &job)));
    assert_false(same(key, key_of(message, &asks_more)));
    assert_false(same(key, key_of(message, &limited)));
}

TEST(test_when_it_is_asked_does_not_count)
{
    struct scan_job now = {.message = true, .from = {.now = 1}},
                    later = {.message = true, .from = {.now = 100}};
    assert_true(same(key_of(message, &now), key_of(message, &later)));
}
