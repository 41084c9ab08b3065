/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_vector.h"

#include "tests/harness/unit.h"

#include <string.h>

static struct spam_vector_writer writer;
static uint8_t room[SPAM_VECTOR_MAX];
static struct spam_vector opened;

static struct slice written(const uint32_t *cells, size_t count)
{
    spam_vector_begin(&writer, room);
    assert_true(spam_vector_add(&writer, cells, count));
    return spam_vector_end(&writer);
}

static void holds(const struct spam_section *section, const uint32_t *cells, size_t count)
{
    struct spam_reading reading = spam_section_read(section);
    assert_int_equal(section->count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(spam_section_next(&reading), cells[i]);
    assert_int_equal(reading.left, 0);
}

TEST(test_what_was_written_is_read)
{
    static const uint32_t whole[] = {0, 1, 127, 128, 129, 16640, SPAM_CELLS - 1}, window[] = {5};
    written(whole, 7);
    assert_true(spam_vector_add(&writer, window, 1));
    assert_true(spam_vector_add(&writer, NULL, 0));
    assert_true(spam_vector_open(spam_vector_end(&writer), &opened));
    assert_int_equal(opened.count, 2);
    holds(&opened.whole, whole, 7);
    holds(&opened.windows[0], window, 1);
    holds(&opened.windows[1], NULL, 0);
}

TEST(test_a_vector_that_ends_early_or_late_is_refused)
{
    static const uint32_t cells[] = {3, 700, 90000};
    struct slice vector = written(cells, 3);
    for (size_t len = 0; len < vector.len; len++)
        assert_false(spam_vector_open(slice_sub(vector, 0, len), &opened));
    room[vector.len] = 0;
    assert_false(spam_vector_open((struct slice){vector.ptr, vector.len + 1}, &opened));
}

static bool opens(const char *octets, size_t len)
{
    return spam_vector_open((struct slice){octets, len}, &opened);
}

TEST(test_only_the_one_form_is_read)
{
    assert_true(opens("\2\1\1\5", 4));
    assert_false(opens("\3\1\1\5", 4));             /* another version */
    assert_false(opens("\2\0", 2));                 /* no section */
    assert_false(opens("\2\1\1\x85\0", 5));         /* a number longer than it must be */
    assert_false(opens("\2\1\1\xff\xff\xff\1", 7)); /* and too long */
}

TEST(test_no_cell_lies_beyond_the_last)
{
    assert_true(opens("\2\1\1\xff\xff\x0f", 6));
    assert_false(opens("\2\1\1\x80\x80\x10", 6));
    assert_false(opens("\2\1\2\xff\xff\x0f\0", 7));
}

TEST(test_sections_and_cells_are_bounded)
{
    static uint32_t many[SPAM_SECTION_MAX + 1];
    for (uint32_t i = 0; i <= SPAM_SECTION_MAX; i++)
        many[i] = i;
    spam_vector_begin(&writer, room);
    assert_false(spam_vector_add(&writer, many, SPAM_SECTION_MAX + 1));
    for (size_t i = 0; i <= SPAM_WINDOWS_MAX; i++)
        assert_true(spam_vector_add(&writer, many, 1));
    assert_false(spam_vector_add(&writer, many, 1));
    assert_true(spam_vector_open(spam_vector_end(&writer), &opened));
    room[1]++;
    room[writer.len] = 0;
    assert_false(opens((char *)room, writer.len + 1));
    assert_false(opens("\2\1\x81\x20", 4)); /* cells */
}

TEST(test_a_section_without_room_changes_nothing)
{
    static uint32_t cells[SPAM_SECTION_MAX];
    for (uint32_t i = 0; i < SPAM_SECTION_MAX; i++)
        cells[i] = i;
    spam_vector_begin(&writer, room);
    size_t sections = 0;
    while (spam_vector_add(&writer, cells, SPAM_SECTION_MAX))
        sections++;
    assert_int_equal(sections, SPAM_VECTOR_MAX / SPAM_SECTION_MAX - 1);
    size_t before = writer.len;
    assert_false(spam_vector_add(&writer, cells, SPAM_SECTION_MAX));
    assert_int_equal(writer.len, before);
    assert_true(spam_vector_open(spam_vector_end(&writer), &opened));
    assert_int_equal(opened.count + 1, sections);
}
