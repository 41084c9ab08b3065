/* SPDX-License-Identifier: ISC
 * What a message is learnt and scored by: its vector, sets of cells, in the one form in which it is
 * kept and sent.
 *
 *     version (1 octet), sections (1 octet), then each section:
 *         cells in it (number), the first cell (number), and of each further one how far it is
 *         behind the one before, less 1 (number)
 *
 * A number has 7 bits an octet, the lowest first, the highest bit set where more follow, in as few
 * octets as it takes. The first section is what belongs to the whole message; each further one is a
 * window of its text. */
#ifndef FILTERS_SPAM_SPAM_VECTOR_H
#define FILTERS_SPAM_SPAM_VECTOR_H

#include "filters/spam/spam_cell.h"

enum {
    SPAM_VECTOR_VERSION = 2, /* of its form, and of what is in it */
    SPAM_VECTOR_MAX = 64 * 1024,
    SPAM_WINDOWS_MAX = 64,
    SPAM_SECTION_MAX = 4096, /* cells of one section */
};

/* ---- writing ---- */

struct spam_vector_writer {
    uint8_t *room; /* of SPAM_VECTOR_MAX octets, the caller's */
    size_t len;
};

void spam_vector_begin(struct spam_vector_writer *writer, uint8_t room[static SPAM_VECTOR_MAX]);
/* A section of `count` cells, each larger than the one before. False: there is no room for it, and
 * nothing has changed. */
bool spam_vector_add(struct spam_vector_writer *writer, const uint32_t *cells, size_t count);
/* What was written; it stands in the room. At least one section must have been added. */
struct slice spam_vector_end(const struct spam_vector_writer *writer);

/* ---- reading ---- */

struct spam_section {
    struct slice octets; /* behind the count */
    size_t count;
};

struct spam_vector {
    struct spam_section whole;
    struct spam_section windows[SPAM_WINDOWS_MAX];
    size_t count; /* of windows */
};

/* From anybody. False: it is of another version, or not exactly what a writer writes. The sections
 * point into `octets`. */
bool spam_vector_open(struct slice octets, struct spam_vector *out);

/* The cells of a section of an opened vector, in order: as many as it has. */
struct spam_reading {
    const uint8_t *at;
    size_t left;
    uint32_t cell; /* the last */
};

static inline struct spam_reading spam_section_read(const struct spam_section *section)
{
    return (struct spam_reading){(const uint8_t *)section->octets.ptr, section->count, UINT32_MAX};
}

static inline uint32_t spam_section_next(struct spam_reading *reading)
{
    uint32_t octet = *reading->at++, step = octet & 0x7f;
    for (unsigned shift = 7; octet & 0x80; shift += 7) {
        octet = *reading->at++;
        step |= (octet & 0x7f) << shift;
    }
    reading->left--;
    return reading->cell += step + 1;
}

#endif
