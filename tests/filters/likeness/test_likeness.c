/* SPDX-License-Identifier: ISC
 * The facts, from those of From. */
#include "filters/likeness/likeness.h"

#include "policy/types.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

static const char configuration[] =
    "listen smtp on \"127.0.0.1:25\"\n"
    "backend b { smtp \"127.0.0.1:26\" }\n"
    "domain \"northwind.com\" { backend b }\n"
    "impersonation {\n"
    "  partners { \"contoso.com\" }\n"
    "  brands { \"paypal.com\" \"yahoo.com\" }\n"
    "  people { \"Anna Example <anna@northwind.com>\" }\n"
    "  freemail { \"gmail.com\" \"yahoo.fr\" \"*.free.test\" \"*.onyahoo.com\" }\n"
    "}\n";

ARENA(4 << 20);
static struct config *config;
static const struct likeness *likeness;
static struct facts facts;

static void load(const char *text)
{
    config_free(&config);
    config = load_good(text);
    assert_non_null(config);
    likeness = likeness_new(arena, config);
    assert_non_null(likeness);
}

static void set_up(void)
{
    make_arena();
    load(configuration);
    facts = (struct facts){0};
}

static void tear_down(void)
{
    config_free(&config);
    free_arena();
}

EACH_TEST(set_up, tear_down);

static struct value *from(const char *name, const char *const *addresses, size_t count)
{
    struct value *all = arena_array(arena, count + 1, sizeof *all);
    for (size_t i = 0; i < count; i++)
        all[i] = value_text(slice_of(addresses[i]));
    facts.fact[FACT_MESSAGE_FROM] = count ? all[0] : value_absent();
    facts.fact[FACT_MESSAGE_FROM_NAME] = name ? value_text(slice_of(name)) : value_absent();
    facts.fact[FACT_MESSAGE_FROM_ALL] =
        (struct value){.state = VALUE_KNOWN, .list = {.items = all, .count = count}};
    likeness_facts(likeness, arena, &facts);
    return facts.fact;
}

static struct value *from_one(const char *name, const char *address)
{
    return from(name, &address, 1);
}

static void looks_like(const struct value *fact, size_t at, const char *domain, const char *by,
                       const char *of)
{
    const struct list *list = &fact[FACT_FROM_LOOKALIKE].list;
    const struct record_type *type = &record_types[RECORD_likeness];
    assert_true(at < list->count);
    const struct value *fields = list->items[at].fields;
    assert_true(slice_eq(fields[likeness_domain].text, slice_of(domain)));
    assert_string_equal(type->fields[likeness_by].type.words->words[fields[likeness_by].integer],
                        by);
    assert_string_equal(type->fields[likeness_of].type.words->words[fields[likeness_of].integer],
                        of);
}

TEST(test_whom_a_domain_looks_like_is_told_in_the_words_of_rules)
{
    static const char *const addresses[] = {"a@paypal.evil.test", "b@northwlnd.com",
                                            "c@contosoo.com", "d@contoso.net"};
    const struct value *fact = from(NULL, addresses, 4);
    assert_int_equal(fact[FACT_FROM_LOOKALIKE].list.count, 3);
    looks_like(fact, 0, "northwind.com", "letters", "own");
    looks_like(fact, 1, "contoso.com", "spelling", "partner");
    looks_like(fact, 2, "paypal.com", "words", "brand");
    fact = from_one(NULL, "d@contoso.net");
    looks_like(fact, 0, "contoso.com", "ending", "partner");
}

TEST(test_nobody_is_nobody)
{
    const struct value *fact = from_one(NULL, "a@client.test");
    assert_int_equal(fact[FACT_FROM_LOOKALIKE].state, VALUE_KNOWN);
    assert_int_equal(fact[FACT_FROM_LOOKALIKE].list.count, 0);
    assert_int_equal(fact[FACT_FROM_PERSON].state, VALUE_ABSENT);
    assert_int_equal(fact[FACT_FROM_FREE].state, VALUE_KNOWN);
    assert_false(fact[FACT_FROM_FREE].truth);
    fact = from(NULL, NULL, 0);
    assert_int_equal(fact[FACT_FROM_LOOKALIKE].list.count, 0);
    assert_int_equal(fact[FACT_FROM_PERSON].state, VALUE_ABSENT);
    assert_false(fact[FACT_FROM_FREE].truth);
}

TEST(test_a_provider_looks_like_nobody)
{
    assert_int_equal(from_one(NULL, "a@yahoo.fr")[FACT_FROM_LOOKALIKE].list.count, 0);
    assert_int_equal(from_one(NULL, "a@mail.yahoo.fr")[FACT_FROM_LOOKALIKE].list.count, 0);
    assert_int_equal(from_one(NULL, "a@yahoo.es")[FACT_FROM_LOOKALIKE].list.count, 1);
    assert_int_equal(from_one(NULL, "a@client.onyahoo.com")[FACT_FROM_LOOKALIKE].list.count, 0);
    looks_like(from_one(NULL, "a@paypal.onyahoo.com"), 0, "paypal.com", "words", "brand");
}

TEST(test_providers_are_those_of_the_table)
{
    assert_true(from_one(NULL, "a@gmail.com")[FACT_FROM_FREE].truth);
    assert_true(from_one(NULL, "a@x.free.test")[FACT_FROM_FREE].truth);
    assert_false(from_one(NULL, "a@free.test")[FACT_FROM_FREE].truth);
    assert_false(from_one(NULL, "gmail.com@evil.test")[FACT_FROM_FREE].truth);
    assert_false(from_one(NULL, "gmail.com")[FACT_FROM_FREE].truth);
}

TEST(test_who_passes_for_a_person_is_told_by_her_address)
{
    struct value *fact = from_one("Example, Anna", "anna@gmail.com");
    assert_int_equal(fact[FACT_FROM_PERSON].state, VALUE_KNOWN);
    assert_true(slice_eq(fact[FACT_FROM_PERSON].text, SLICE("anna@northwind.com")));
    assert_int_equal(from_one("Anna Example", "Anna@northwind.com")[FACT_FROM_PERSON].state,
                     VALUE_ABSENT);
    assert_int_equal(from("Anna Example", NULL, 0)[FACT_FROM_PERSON].state, VALUE_KNOWN);
}

TEST(test_without_tables_our_own_domains_still_count)
{
    load("listen smtp on \"127.0.0.1:25\"\nbackend b { smtp \"127.0.0.1:26\" }\n"
         "domain \"northwind.com\" { backend b }\n");
    struct value *fact = from_one("Anna Example", "anna@northwlnd.com");
    looks_like(fact, 0, "northwind.com", "letters", "own");
    assert_int_equal(fact[FACT_FROM_PERSON].state, VALUE_ABSENT);
    assert_int_equal(fact[FACT_FROM_FREE].state, VALUE_ABSENT);
}

TEST(test_what_is_not_known_of_from_is_not_known_of_its_likeness)
{
    for (enum value_state state = VALUE_PENDING; state <= VALUE_UNKNOWN; state += VALUE_UNKNOWN) {
        facts.fact[FACT_MESSAGE_FROM].state = facts.fact[FACT_MESSAGE_FROM_NAME].state =
            facts.fact[FACT_MESSAGE_FROM_ALL].state = state;
        likeness_facts(likeness, arena, &facts);
        assert_int_equal(facts.fact[FACT_FROM_LOOKALIKE].state, state);
        assert_int_equal(facts.fact[FACT_FROM_PERSON].state, state);
        assert_int_equal(facts.fact[FACT_FROM_FREE].state, state);
    }
}

TEST(test_of_many_domains_in_from_the_first_are_looked_at)
{
    const char *addresses[40];
    for (int i = 0; i < 40; i++)
        addresses[i] = arena_printf(arena, "a@client%d.test", i).ptr;
    assert_true(from(NULL, addresses, 40)[FACT_FROM_LOOKALIKE].list.cut);
    for (int i = 0; i < 40; i++)
        addresses[i] = "a@client.test";
    assert_false(from(NULL, addresses, 40)[FACT_FROM_LOOKALIKE].list.cut);
}
