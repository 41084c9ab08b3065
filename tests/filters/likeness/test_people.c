/* SPDX-License-Identifier: ISC */
#include "filters/likeness/people.h"

#include "filters/likeness/person_name.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ARENA_TESTS(16 << 20);

static const char *const names[][2] = {
    {"Anna Müller", "anna@example.com"},
    {"Dr. Jean-Luc O'Brien", "jl@example.com"},
    {"Schmidt, Karl Heinz", "kh@example.com"},
    {"Helpdesk", "help@example.com"},
    {"Anna Müller", "anna.private@mail.test"},
    {"Νίκος Παπάς", "nikos@example.com"},
    {"Ян Ли", "yan@example.com"},
    {"Per Hansen", "per@example.com"},
    {"J. R. Smith", "jr@example.com"},
    {"山田 太郎", "taro@example.com"},
};
enum { NAMES = sizeof names / sizeof *names };

static struct people *people_of(void)
{
    struct person *persons = arena_array(arena, NAMES, sizeof *persons);
    for (size_t i = 0; i < NAMES; i++)
        persons[i] = (struct person){slice_of(names[i][0]), slice_of(names[i][1])};
    struct people *people = people_new(arena, persons, NAMES);
    assert_non_null(people);
    return people;
}

static void find_all(const char *const *written, size_t count, const char *expected)
{
    struct people *people = people_of();
    for (size_t i = 0; i < count; i++) {
        const struct person *person =
            people_find(people, slice_of(written[i]), SLICE("x@evil.test"));
        struct slice address = person ? person->address : SLICE("");
        if (!slice_eq(address, slice_of(expected)))
            fail_msg("%s: <%.*s>, not <%s>", written[i], SLICE_ARGS(address), expected);
    }
}
#define FIND_ALL(written, expected) find_all(written, sizeof(written) / sizeof *(written), expected)

TEST(test_a_name_is_found_however_it_is_written)
{
    static const char *const anna[] = {
        "Anna Müller",
        "ANNA MÜLLER",
        "anna mueller",
        "Anna Muller",
        "Müller, Anna",
        "Müller Anna",
        "MUELLER, Dr. Anna",
        "  Anna \t Müller  ",
        "\"Anna Müller\"",
        "Anna.Müller",
        "anna_mueller",
        "Anna-Müller",
        "AnnaMüller",
        "MüllerAnna",
        "A n n a M ü l l e r",
        "Аnnа Мüllеr",
        "𝐀𝐧𝐧𝐚 𝐌ü𝐥𝐥𝐞𝐫",
        "Anna MüIler",
        "Anna Mü1ler",
        "An\xe2\x80\x8bna Mül\xc2\xadler",
        "Anna\xc2\xa0Müller",
        "Anna \xf0\x9f\x98\x80 Müller",
        "Prof. Dr. Anna Müller",
        "Frau Anna Müller",
        "Anna Müller, CEO",
        "Anna Müller (CFO)",
        "Anna Müller [CEO]",
        "CEO Anna Müller",
        "CEO - Anna Müller",
        "Anna Müller - Example Inc",
        "Anna Müller – Example Inc",
        "Anna Müller | Example Inc",
        "Example Inc | Anna Müller",
        "Anna Müller / Example",
        "(Anna Müller)",
        "Anna Müller via Example Sign",
        "Anna Müller via DocuSign",
        "Anna Müller at Example Inc",
        "on behalf of: Anna Müller",
        "Anna M. Müller",
        "Anna M Müller",
        "Müller, Anna M.",
        "Anna Müller <anna@example.com>",
        "Anna Müller anna@example.com",
        "<anna@example.com> Anna Müller",
        "anna@example.com",
        "ANNA@example.com",
        "'anna+x@example.com'",
    };
    FIND_ALL(anna, "anna@example.com");
}

TEST(test_names_of_every_kind)
{
    static const char *const brien[] = {"Jean-Luc O'Brien", "Jean Luc OBrien", "O’Brien, Jean-Luc",
                                        "Mr. Jean-Luc O'Brien, PhD"};
    static const char *const schmidt[] = {"Karl Heinz Schmidt", "Schmidt Karl Heinz",
                                          "karl-heinz schmidt", "Herr Schmidt, Karl-Heinz"};
    static const char *const nikos[] = {"ΝΙΚΟΣ ΠΑΠΑΣ", "Νικος Παπας", "παπας νικος"};
    static const char *const yan[] = {"ЯН ЛИ", "Ли, Ян"};
    static const char *const per[] = {"Per Hansen", "HANSEN, Per"};
    static const char *const smith[] = {"J. R. Smith", "J.R. Smith", "Smith, J. R."};
    static const char *const taro[] = {"山田 太郎", "太郎 山田", "山田太郎"};
    static const char *const helpdesk[] = {"Helpdesk", "HELPDESK", "Helpdesk (IT)", "IT | Helpdesk",
                                           "help@example.com"};
    FIND_ALL(brien, "jl@example.com");
    FIND_ALL(schmidt, "kh@example.com");
    FIND_ALL(nikos, "nikos@example.com");
    FIND_ALL(yan, "yan@example.com");
    FIND_ALL(per, "per@example.com");
    FIND_ALL(smith, "jr@example.com");
    FIND_ALL(taro, "taro@example.com");
    FIND_ALL(helpdesk, "help@example.com");
}

TEST(test_others_are_nobody)
{
    static const char *const others[] = {
        "",
        "Anna",
        "Müller",
        "Dr. Müller",
        "Anna Maria Müller",
        "Hansen",
        "Anna Schmidt",
        "Schmidt",
        "Karl",
        "Smith",
        "Example",
        "IT Helpdesk XY",
        "Müller (Anna)",
        "J. Smith",
        "anna@example.org",
        "@",
        "a@",
        "anna@example.com.evil.test",
        "R. J.",
        "Anna und Müller",
        "one two three four five six seven eight nine Anna Müller",
    };
    FIND_ALL(others, "");
}

TEST(test_who_writes_from_an_address_of_his_own_passes_for_nobody)
{
    static const char *const own[] = {"anna@example.com", "Anna@EXAMPLE.com", "anna+x@example.com",
                                      "anna.private@mail.test"};
    struct people *people = people_of();
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        assert_null(people_find(people, SLICE("Anna Müller"), slice_of(own[i])));
    assert_non_null(people_find(people, SLICE("Anna Müller"), SLICE("anna@mail.test")));
    assert_non_null(people_find(people, SLICE("Anna Müller"), SLICE("")));
    assert_non_null(people_find(people, SLICE("Helpdesk"), SLICE("anna@example.com")));
}

TEST(test_what_stands_behind_the_beginning_of_a_long_name_is_not_read)
{
    char name[400] = "Anna Müller | ";
    struct people *people = people_of();
    memset(name + strlen(name), 'x', sizeof name - 1 - strlen(name));
    assert_non_null(people_find(people, slice_of(name), SLICE("")));
    memset(name, ' ', sizeof name - 1);
    memcpy(name + 300, "Anna", 4);
    assert_null(people_find(people, slice_of(name), SLICE("")));
}

TEST(test_nobody_is_found_where_nobody_is_known)
{
    struct people *people = people_new(arena, NULL, 0);
    assert_non_null(people);
    assert_null(people_find(people, SLICE("Anna Müller"), SLICE("x@evil.test")));
}

TEST(test_a_thousand_people_are_each_found)
{
    enum { MANY = 1000 };
    struct person *persons = arena_array(arena, MANY, sizeof *persons);
    for (int i = 0; i < MANY; i++)
        persons[i] = (struct person){
            arena_printf(arena, "%c%c%c Example", 'a' + i % 10, 'a' + i / 10 % 10, 'k' + i / 100),
            arena_printf(arena, "p%d@example.com", i)};
    struct people *people = people_new(arena, persons, MANY);
    assert_non_null(people);
    for (int i = 0; i < MANY; i++)
        assert_ptr_equal(people_find(people, persons[i].name, SLICE("x@evil.test")), &persons[i]);
}
