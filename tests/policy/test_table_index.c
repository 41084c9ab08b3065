/* SPDX-License-Identifier: ISC
 * An index that somebody else has made answers as one's own does, and a damaged one does no harm. */
#include "policy/config.h"
#include "policy/table.h"
#include "policy/table_file.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

ARENA_TESTS(1 << 26);

enum { HEADER = 56, FILLER = TABLE_FILE_LARGE + 1 };

/* What the loader has kept. */
static struct slice kept, kept_of;
static unsigned made;

static bool find(void *ctx, struct slice text, struct slice *index)
{
    (void)ctx;
    *index = kept;
    return kept.ptr && text.ptr == kept_of.ptr;
}

static bool keep(void *ctx, struct slice text, struct slice octets, struct slice *index)
{
    (void)ctx;
    made++;
    kept = *index = arena_copy(arena, octets);
    kept_of = text;
    return kept.ptr != NULL;
}

static bool keep_nothing(void *ctx, struct slice text, struct slice octets, struct slice *index)
{
    (void)ctx, (void)text, (void)octets, (void)index;
    return false;
}

/* The entries, and a comment so long that the text is worth an index. */
static struct slice large(const char *entries)
{
    struct slice added = slice_of(entries);
    char *text = arena_alloc(arena, FILLER + added.len);
    assert_non_null(text);
    memset(text, '#', FILLER);
    text[FILLER - 1] = '\n';
    memcpy(text + FILLER, added.ptr, added.len);
    return (struct slice){text, FILLER + added.len};
}

static struct table *read_by(const struct loader *loader, struct slice text)
{
    struct sources sources = {.arena = arena, .loader = loader};
    struct table *table = table_new(&sources, 0);
    assert_true(table && table_read(&sources, table, text));
    return table;
}

/* By the index that the first to read it had kept. */
static struct table *taken_over(const char *entries)
{
    const struct loader first = {.index = find, .keep_index = keep}, second = {.index = find};
    struct slice text = large(entries);
    kept = (struct slice){NULL, 0};
    made = 0;
    read_by(&first, text);
    assert_int_equal(made, 1);
    return read_by(&second, text);
}

static bool holds(const struct table *table, const char *text)
{
    return table_holds_text(table, slice_of(text));
}

TEST(test_a_kept_index_answers_for_names_endings_and_doubles)
{
    struct table *table =
        taken_over("One.example\n*.Wild.example # all\n@at.example\none.EXAMPLE\n");
    assert_int_equal(table_count(table), 3);
    assert_true(holds(table, "one.example") && holds(table, "ONE.example"));
    assert_true(holds(table, "a.b.wild.example") && holds(table, "me@at.example"));
    assert_false(holds(table, "wild.example") || holds(table, "at.example") || holds(table, ""));
    assert_true(table_is_plain(table));
}

TEST(test_one_entry_and_none_are_tables_too)
{
    struct table *one = taken_over("a"), *none = taken_over("");
    assert_true(holds(one, "A") && !holds(one, "b") && !holds(none, "a") && !holds(none, ""));
    assert_int_equal(table_count(one), 1);
    assert_int_equal(table_count(none), 0);
}

TEST(test_whoever_takes_an_index_knows_of_other_spellings)
{
    assert_true(table_holds_letters(taken_over("B\xc3\xbc"
                                               "cher\n"),
                                    SLICE("b\xc3\x9c"
                                          "CHER")));
    assert_false(table_is_plain(taken_over("a.example\nb\xc3\xbc"
                                           "cher.example\n")));
    assert_false(table_is_plain(taken_over("a.example.\n")));
    assert_false(table_is_plain(taken_over("http://a.example/\n")));
}

TEST(test_the_index_is_made_once_and_of_large_texts_alone)
{
    const struct loader loader = {.index = find, .keep_index = keep};
    struct slice text = large("a\nb\n");
    kept = (struct slice){NULL, 0};
    made = 0;
    read_by(&loader, SLICE("a\n"));
    assert_int_equal(made, 0);
    read_by(&loader, text);
    read_by(&loader, text);
    assert_int_equal(made, 1);
    struct sources sources = {.arena = arena, .loader = &loader};
    assert_true(table_file_is_indexed(&sources, text));
    assert_false(table_file_is_indexed(&sources, SLICE("a\n")));
}

TEST(test_an_index_that_cannot_be_kept_is_no_memory)
{
    const struct loader loader = {.keep_index = keep_nothing};
    struct sources sources = {.arena = arena, .loader = &loader};
    struct table_file file;
    assert_false(table_file_read(&sources, &file, large("a\n")));
    assert_true(sources.no_memory);
}

TEST(test_a_damaged_header_is_no_index_and_the_text_is_read)
{
    const struct loader loader = {.index = find};
    taken_over("a\nb\nc\n");
    struct slice text = kept_of, sound = kept;
    struct table_file file;
    assert_true(table_file_open(&file, &(struct table_text){text, false}, sound));
    for (size_t length = 0; length < sound.len; length++)
        assert_false(
            table_file_open(&file, &(struct table_text){text, false}, slice_sub(sound, 0, length)));
    assert_false(table_file_open(&file, &(struct table_text){slice_from(text, 1), false}, sound));
    for (size_t at = 0; at < 16; at++) { /* version, size of the text, of the table */
        char *bad = (char *)(uintptr_t)arena_copy(arena, sound).ptr;
        bad[at] ^= 1;
        kept = (struct slice){bad, sound.len};
        assert_false(table_file_open(&file, &(struct table_text){text, false}, kept));
        assert_true(holds(read_by(&loader, text), "b"));
    }
}

TEST(test_damaged_places_lead_nowhere_and_every_look_up_ends)
{
    static const char *const asked[] = {"a", "b", "x.a.example", "me@a.example", ""};
    static const unsigned char fillings[] = {0x00, 0x11, 0x7f, 0xf0, 0xff};
    for (size_t f = 0; f < sizeof fillings; f++) {
        taken_over("a\nb\n*.a.example\n");
        size_t octets = kept.len - HEADER;
        struct slice text = {malloc(kept_of.len), kept_of.len}; /* its ends are watched */
        char *bad = malloc(kept.len);
        assert_true(text.ptr && bad);
        memcpy((char *)(uintptr_t)text.ptr, kept_of.ptr, text.len);
        memcpy(bad, kept.ptr, HEADER);
        memset(bad + HEADER, fillings[f], octets);
        struct table_file file;
        assert_true(table_file_open(&file, &(struct table_text){text, false},
                                    (struct slice){bad, kept.len}));
        for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
            assert_false(table_file_number(&file, table_hash(slice_of(asked[i])), SLICE(""),
                                           slice_of(asked[i])) &&
                         fillings[f] == 0);
        struct slice entry;
        for (size_t at = 0; table_file_each(&file, &at, &entry);)
            assert_true(entry.len <= text.len);
        free((char *)(uintptr_t)text.ptr);
        free(bad);
    }
}
