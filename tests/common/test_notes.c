/* SPDX-License-Identifier: ISC */
#include "common/notes.h"

#include "base/clock.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t key[2] = {1, 2};

static struct notes *new_notes(void)
{
    struct notes *notes = calloc(1, notes_size());
    assert_non_null(notes);
    return notes;
}

TEST(test_a_note_is_there_until_its_time)
{
    struct notes *notes = new_notes();
    char got[8];
    assert_false(notes_get(notes, key, 7, got, sizeof got, 0));
    notes_put(notes, key, 7, "seventh", 8, 100);
    assert_true(notes_get(notes, key, 7, got, sizeof got, 99));
    assert_string_equal(got, "seventh");
    assert_false(notes_get(notes, key, 7, got, sizeof got, 100));
    assert_false(notes_get(notes, key, 8, got, sizeof got, 99));
    free(notes);
}

TEST(test_the_latest_counts_and_a_forgotten_one_is_gone)
{
    struct notes *notes = new_notes();
    char got[8];
    notes_put(notes, key, 7, "first", 6, 100);
    notes_put(notes, key, 7, "second", 7, 50);
    assert_true(notes_get(notes, key, 7, got, 7, 0));
    assert_string_equal(got, "second");
    notes_forget(notes, 8);
    assert_true(notes_get(notes, key, 7, got, 7, 0));
    notes_forget(notes, 7);
    assert_false(notes_get(notes, key, 7, got, 7, 0));
    free(notes);
}

TEST(test_a_note_that_is_not_whole_is_not_there)
{
    char got[8];
    for (size_t at = 0; at < 64; at++) { /* each octet of its first cell's beginning, spoilt */
        struct notes *notes = new_notes();
        notes_put(notes, key, 0x1234567, "whole", 6, 100);
        unsigned char *bytes = (unsigned char *)notes;
        size_t cell = 0;
        while (bytes[cell] == 0)
            cell++;
        cell -= cell % 8;
        bytes[cell + at] ^= 0x40;
        assert_false(notes_get(notes, key, 0x1234567, got, 6, 99));
        free(notes);
    }
}

TEST(test_a_note_without_an_end_is_none_and_keeps_no_place)
{
    enum { PLACES = 1024, ROUND = 16384 /* hashes a round apart have the same place */ };
    struct notes *notes = new_notes();
    int64_t now = clock_ms(), most = now + NOTE_LIFE_MAX;
    char got[8];
    for (uint64_t hash = 0; hash < PLACES; hash++)
        notes_put(notes, key, hash, "forged", 7, INT64_MAX - (int64_t)hash);
    assert_false(notes_get(notes, key, 7, got, sizeof got, now));
    notes_put(notes, key, ROUND, "one", 4, most);
    notes_put(notes, key, 2 * ROUND, "two", 4, most); /* meets the first's place, and has its own */
    assert_true(notes_get(notes, key, ROUND, got, 4, now + 1));
    assert_true(notes_get(notes, key, 2 * ROUND, got, 4, now + 1));
    free(notes);
}
