/* SPDX-License-Identifier: ISC
 * A table that is looked up in its file's text answers as one whose entries were copied does. */
#include "policy/table_file.h"

#include "policy/config.h"
#include "policy/table.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ARENA_TESTS(1 << 26);

static uint64_t seed = 3;

static unsigned dice(unsigned sides)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % sides;
}

static struct table *in_text(struct slice text)
{
    struct sources sources = {.arena = arena};
    struct table *table = table_new(&sources, 0);
    assert_non_null(table);
    assert_true(table_read(&sources, table, text));
    return table;
}

static struct table *copied(struct slice text)
{
    struct sources sources = {.arena = arena};
    struct table *table = table_new(&sources, 0);
    assert_non_null(table);
    for (struct slice entry; table_line(&text, &entry);)
        assert_true(table_add(&sources, table, entry));
    return table;
}

static bool has(const char *text, const char *entry)
{
    return table_holds_text(in_text(slice_of(text)), slice_of(entry));
}

TEST(test_an_entry_is_what_stands_on_its_line_without_blanks_and_comment)
{
    static const char text[] = "\n  One\t\r\ntwo words # said\n#none\nlast";
    assert_true(has(text, "one"));
    assert_true(has(text, "TWO WORDS"));
    assert_true(has(text, "last"));
    assert_false(has(text, "two"));
    assert_false(has(text, "two words "));
    assert_false(has(text, "two words # said"));
    assert_false(has(text, "one\t\r\ntwo words"));
    assert_false(has(text, "none"));
    assert_false(has(text, "las"));
    assert_false(has(text, "last!"));
    assert_false(has(text, ""));
    assert_false(has("", ""));
    assert_false(has("# nothing\n", "nothing"));
}

TEST(test_doubles_are_counted_once)
{
    assert_int_equal(table_count(in_text(SLICE("a\nA\nb\n a \n"))), 2);
}

/* Letters of a small set, so that much is the same but for case, blanks and endings. */
static size_t random_text(char *out, size_t size)
{
    static const char set[] = "aAbB.@*# \t\r\n\n\n\xc3\xbc-";
    size_t length = dice((unsigned)size);
    for (size_t i = 0; i < length; i++)
        out[i] = set[dice(sizeof set - 1)];
    return length;
}

TEST(test_whatever_is_asked_it_answers_as_one_that_was_copied)
{
    char text[400], asked[12];
    unsigned long held = 0;
    for (unsigned round = 0; round < MANY(3000, 300); round++) {
        struct slice file = {text, random_text(text, sizeof text)};
        struct table *one = in_text(file), *other = copied(file);
        assert_int_equal(table_count(one), table_count(other));
        for (unsigned i = 0; i < 60; i++) {
            struct slice name = {asked, random_text(asked, sizeof asked)};
            bool is = table_holds_text(one, name);
            held += is;
            assert_int_equal(is, table_holds_text(other, name));
            assert_int_equal(table_holds_letters(one, name), table_holds_letters(other, name));
        }
        arena_reset(arena);
    }
    assert_true(held > 1000);
}

TEST(test_each_entry_is_gone_through_once)
{
    struct table *table = in_text(SLICE("a\nb\nA\nc # c\n"));
    size_t at = 0, octets = 0, count = 0;
    for (struct slice entry; table_each(table, &at, &entry); count++)
        octets += (unsigned char)entry.ptr[0];
    assert_int_equal(count, 3);
    assert_int_equal(octets, 'a' + 'b' + 'c');
}

TEST(test_networks_are_read_where_they_stand)
{
    struct sources sources = {.arena = arena};
    struct table *table = in_text(SLICE("10.0.0.0/8 # ours\n2001:db8::/32\n"));
    struct slice bad;
    struct ip ip;
    assert_true(table_as_networks(&sources, table, &bad));
    assert_true(ip_parse(SLICE("10.9.9.9"), &ip));
    assert_true(table_holds_ip(table, &ip));
    assert_true(ip_parse(SLICE("11.9.9.9"), &ip));
    assert_false(table_holds_ip(table, &ip));
    assert_false(table_as_networks(&sources, in_text(SLICE("10.0.0.0/8\nno.network\n")), &bad));
    assert_true(slice_eq(bad, SLICE("no.network")));
}

TEST(test_an_entry_may_begin_at_the_last_octet_of_the_largest_file)
{
    struct sources sources = {.arena = arena};
    struct table_file file;
    char *text = malloc(TABLE_FILE_MAX);
    assert_non_null(text);
    memset(text, '\n', TABLE_FILE_MAX);
    text[TABLE_FILE_MAX - 1] = 'z';
    text[0] = 'a';
    assert_true(table_file_read(&sources, &file, (struct slice){text, TABLE_FILE_MAX}));
    assert_true(table_file_number(&file, table_hash(SLICE("Z")), SLICE(""), SLICE("Z")));
    assert_true(table_file_number(&file, table_hash(SLICE("a")), SLICE(""), SLICE("a")));
    assert_false(table_file_number(&file, table_hash(SLICE("b")), SLICE(""), SLICE("b")));
    assert_int_equal(file.count, 2);
    free(text);
}

TEST(test_a_million_entries_take_six_octets_each_beside_their_text)
{
    enum { COUNT = 1000000, WIDTH = 16 };
    struct arena *small = arena_new((size_t)COUNT * 6 + 1024);
    struct sources sources = {.arena = small};
    struct table_file file;
    char *text = malloc((size_t)COUNT * WIDTH + 1);
    assert_non_null(text);
    for (size_t i = 0; i < COUNT; i++)
        snprintf(text + i * WIDTH, WIDTH + 1, "d%06zu.example\n", i);
    assert_true(table_file_read(&sources, &file, (struct slice){text, (size_t)COUNT * WIDTH}));
    assert_int_equal(file.count, COUNT);
    for (size_t i = 0; i < COUNT; i += 997) {
        struct slice entry = {text + i * WIDTH, WIDTH - 1};
        assert_true(table_file_number(&file, table_hash(entry), SLICE(""), entry));
        assert_false(table_file_number(&file, table_hash(slice_from(entry, 1)), SLICE(""),
                                       slice_from(entry, 1)));
    }
    arena_free(&small);
    free(text);
}
