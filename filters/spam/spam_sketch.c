/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_sketch.h"

#include <string.h>

enum { HASHES = SPAM_SKETCH_BANDS * SPAM_SKETCH_ROWS };

/* Each number is another hash. */
static uint32_t hash(uint32_t cell, uint32_t number)
{
    uint64_t x = (cell + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ number * UINT64_C(0xd1b54a32d192ed03);
    x = (x ^ x >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
    return (uint32_t)(x >> 32);
}

static void take(const struct spam_section *section, uint32_t least[static HASHES])
{
    struct spam_reading reading = spam_section_read(section);
    while (reading.left) {
        uint32_t cell = spam_section_next(&reading);
        for (uint32_t i = 0; i < HASHES; i++) {
            uint32_t h = hash(cell, i);
            if (h < least[i])
                least[i] = h;
        }
    }
}

/* Bands of different places are different ones. */
static uint64_t band(const uint32_t least[static HASHES], size_t number)
{
    uint64_t sum = number;
    for (size_t row = 0; row < SPAM_SKETCH_ROWS; row++) {
        sum = (sum ^ least[number * SPAM_SKETCH_ROWS + row]) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 29;
    }
    return sum;
}

bool spam_sketch(struct slice octets, struct spam_sketch *out)
{
    uint32_t least[HASHES];
    struct spam_vector vector;
    if (!spam_vector_open(octets, &vector))
        return false;
    memset(least, 0xff, sizeof least);
    for (size_t i = 0; i < vector.count; i++)
        take(&vector.windows[i], least);
    if (vector.count == 0)
        take(&vector.whole, least);
    for (size_t i = 0; i < SPAM_SKETCH_BANDS; i++)
        out->bands[i] = band(least, i);
    return true;
}
