/* SPDX-License-Identifier: ISC */
#include "common/told_facts.h"

#include "policy/types.h"
#include "tests/harness/unit.h"

#include <string.h>

ARENA_TESTS(4 << 20);

static struct facts facts;

static struct value list_of(size_t count, struct value (*item)(size_t i))
{
    struct value out = {.state = VALUE_KNOWN, .list.count = count};
    out.list.items = arena_array(arena, count, sizeof *out.list.items);
    for (size_t i = 0; i < count; i++)
        out.list.items[i] = item(i);
    return out;
}

static struct value paragraph(size_t i)
{
    char *room = arena_alloc(arena, 1000);
    memset(room, 'a' + (int)i, 1000);
    return value_text((struct slice){room, 1000});
}

static struct value one_link(size_t i)
{
    struct value *fields = arena_array(arena, record_types[RECORD_link].count, sizeof *fields);
    (void)i;
    fields[link_url] = value_text(SLICE("https://a.example/reset?token=1"));
    fields[link_host] = fields[link_domain] = value_text(SLICE("a.example"));
    fields[link_path] = value_text(SLICE("/reset"));
    fields[link_text] = value_text(SLICE("your new password"));
    fields[link_text_domain] = value_absent();
    fields[link_source] = value_integer(LINK_SOURCE_HTML);
    fields[link_ip] = fields[link_shortened] = value_bool(false);
    return (struct value){.state = VALUE_KNOWN, .fields = fields};
}

static void fill(size_t paragraphs, size_t links)
{
    facts = (struct facts){0};
    facts.fact[FACT_MESSAGE_SUBJECT] = value_text(SLICE("a subject"));
    facts.fact[FACT_MESSAGE_TEXT] = list_of(paragraphs, paragraph);
    facts.fact[FACT_LINKS] = list_of(links, one_link);
}

TEST(test_what_is_short_is_told_whole)
{
    fill(3, 5);
    facts_in_short(&facts);
    assert_int_equal(facts.fact[FACT_MESSAGE_TEXT].list.count, 3);
    assert_int_equal(facts.fact[FACT_LINKS].list.count, 5);
    assert_false(facts.fact[FACT_MESSAGE_TEXT].list.cut || facts.fact[FACT_LINKS].list.cut);
    assert_int_equal(facts.fact[FACT_MESSAGE_SUBJECT].state, VALUE_KNOWN);
}

TEST(test_of_much_the_beginning_is_told_and_the_rest_is_unknown)
{
    fill(30, 300);
    struct untold untold = facts_in_short(&facts);
    assert_int_equal(facts.fact[FACT_MESSAGE_TEXT].list.count, TOLD_TEXT_MAX / 1000);
    assert_int_equal(facts.fact[FACT_LINKS].list.count, TOLD_LINKS_MAX);
    assert_true(facts.fact[FACT_MESSAGE_TEXT].list.cut && facts.fact[FACT_LINKS].list.cut);
    facts_put_back(&facts, &untold);
    assert_int_equal(facts.fact[FACT_MESSAGE_TEXT].list.count, 30);
    assert_false(facts.fact[FACT_LINKS].list.cut);
}

TEST(test_without_words_nothing_tells_what_was_written)
{
    fill(3, 2);
    struct untold untold = facts_without_words(&facts, arena);
    assert_int_equal(facts.fact[FACT_MESSAGE_SUBJECT].state, VALUE_PENDING);
    assert_int_equal(facts.fact[FACT_MESSAGE_TEXT].state, VALUE_PENDING);
    const struct value *link = facts.fact[FACT_LINKS].list.items[1].fields;
    assert_true(slice_eq(link[link_host].text, SLICE("a.example")));
    assert_int_equal(link[link_url].state, VALUE_UNKNOWN);
    assert_int_equal(link[link_path].state, VALUE_UNKNOWN);
    assert_int_equal(link[link_text].state, VALUE_UNKNOWN);
    facts_put_back(&facts, &untold);
    assert_int_equal(facts.fact[FACT_LINKS].list.items[1].fields[link_url].state, VALUE_KNOWN);
    assert_int_equal(facts.fact[FACT_MESSAGE_TEXT].list.count, 3);
}

TEST(test_without_memory_links_are_not_told)
{
    struct arena *small = arena_new(64);
    fill(1, 200);
    facts_without_words(&facts, small);
    assert_int_equal(facts.fact[FACT_LINKS].state, VALUE_PENDING);
    arena_free(&small);
}

TEST(test_what_was_not_found_out_stays_so)
{
    facts = (struct facts){0};
    facts.fact[FACT_LINKS] = value_unknown();
    facts_without_words(&facts, arena);
    assert_int_equal(facts.fact[FACT_LINKS].state, VALUE_UNKNOWN);
    assert_int_equal(facts.fact[FACT_MESSAGE_TEXT].state, VALUE_PENDING);
}
