/* SPDX-License-Identifier: ISC
 * Any octets as a vector: what is read is in bounds, and written again it is the same octets. */
#include "filters/spam/spam_vector.h"
#include "tests/fuzz/target.h"

static void copy(struct spam_vector_writer *writer, const struct spam_section *section)
{
    static uint32_t cells[SPAM_SECTION_MAX];
    struct spam_reading reading = spam_section_read(section);
    for (size_t i = 0; reading.left; i++) {
        cells[i] = spam_section_next(&reading);
        require(cells[i] < SPAM_CELLS && (i == 0 || cells[i] > cells[i - 1]));
    }
    require(spam_vector_add(writer, cells, section->count));
}

FUZZ(in)
{
    static uint8_t room[SPAM_VECTOR_MAX];
    struct spam_vector_writer writer;
    struct spam_vector vector;
    if (!spam_vector_open(in, &vector))
        return;
    spam_vector_begin(&writer, room);
    copy(&writer, &vector.whole);
    for (size_t i = 0; i < vector.count; i++)
        copy(&writer, &vector.windows[i]);
    require(slice_eq(in, spam_vector_end(&writer)));
}
