/* SPDX-License-Identifier: ISC */
#include "proxy/examine/av_memory.h"
#include "tests/harness/unit.h"

#include <string.h>

static struct av_memory *memory;
static struct arena *arena;
static struct facts facts;

static const unsigned char one[AV_DIGEST] = {1, 2, 3}, same_place[AV_DIGEST] = {1, 2, 4};

static void begin(void)
{
    static struct value names[] = {{.state = VALUE_KNOWN, .text = {"Win.Test.EICAR", 14}}};
    memory = av_memory_new();
    arena = arena_new(1 << 16);
    assert_true(memory && arena);
    memset(&facts, 0, sizeof facts);
    facts.fact[FACT_AV_RESULT] = value_integer(1);
    facts.fact[FACT_AV_SIGNATURES] =
        (struct value){.state = VALUE_KNOWN, .list = {names, 1, false}};
}

static void end(void)
{
    av_memory_free(&memory);
    arena_free(&arena);
}

EACH_TEST(begin, end);

static bool recalled(const unsigned char *digest, int64_t now, struct facts *out)
{
    *out = (struct facts){.keyed = NULL};
    return av_memory_recall(memory, digest, now, arena, out);
}

TEST(test_what_was_said_of_a_message_is_said_again)
{
    struct facts found;
    assert_false(recalled(one, 0, &found));
    av_memory_note(memory, one, av_memory_signatures(memory), 0, &facts);
    assert_true(recalled(one, AV_MEMORY_MS - 1, &found));
    assert_int_equal(found.fact[FACT_AV_RESULT].integer, 1);
    assert_int_equal(found.fact[FACT_AV_SIGNATURES].list.count, 1);
    assert_true(
        slice_eq(found.fact[FACT_AV_SIGNATURES].list.items[0].text, SLICE("Win.Test.EICAR")));
    assert_int_equal(found.fact[FACT_MESSAGE_FROM].state, VALUE_PENDING);
    assert_false(recalled(one, AV_MEMORY_MS, &found));
    assert_false(recalled(same_place, 0, &found));
}

TEST(test_new_signatures_end_it_also_for_answers_on_their_way)
{
    struct facts found;
    uint64_t old = av_memory_signatures(memory);
    av_memory_note(memory, one, old, 0, &facts);
    av_memory_forget(memory);
    assert_false(recalled(one, 0, &found));
    av_memory_note(memory, one, old, 0, &facts);
    assert_false(recalled(one, 0, &found));
}

TEST(test_what_is_not_known_or_too_long_is_not_remembered)
{
    static char text[AV_MEMORY_FACTS_MAX + 1];
    static struct value names[] = {{.state = VALUE_KNOWN, .text = {text, sizeof text}}};
    struct facts found;
    facts.fact[FACT_AV_RESULT].state = VALUE_UNKNOWN;
    av_memory_note(memory, one, av_memory_signatures(memory), 0, &facts);
    assert_false(recalled(one, 0, &found));
    facts.fact[FACT_AV_RESULT].state = VALUE_KNOWN;
    facts.fact[FACT_AV_SIGNATURES].list.items = names;
    av_memory_note(memory, one, av_memory_signatures(memory), 0, &facts);
    assert_false(recalled(one, 0, &found));
}

TEST(test_the_newest_takes_the_place)
{
    struct facts found;
    av_memory_note(memory, one, av_memory_signatures(memory), 0, &facts);
    av_memory_note(memory, same_place, av_memory_signatures(memory), 0, &facts);
    assert_false(recalled(one, 0, &found));
    assert_true(recalled(same_place, 0, &found));
}
