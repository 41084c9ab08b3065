/* SPDX-License-Identifier: ISC
 * The properties of an object in a section of OneNote ([MS-ONESTORE] 2.6.1 to 2.6.9). */
#ifndef FILTERS_CONTAINERS_ONENOTE_PROPERTIES_H
#define FILTERS_CONTAINERS_ONENOTE_PROPERTIES_H

#include "base/slice.h"

/* How the number of EmbeddedFileName begins, as it is stored. */
#define ONENOTE_FILE_NAME SLICE("\x9c\x1d\0")

enum { ONENOTE_FILE_NAMES_MAX = 4 };

struct onenote_properties {
    /* EmbeddedFileName ([MS-ONE] 2.2.71), UTF-16; parts of the input. There should be one at most. */
    struct slice names[ONENOTE_FILE_NAMES_MAX];
    size_t n_names;
    uint32_t
        container; /* EmbeddedFileContainer: the number of the object that holds the file; or 0 */
};

/* Reads an ObjectSpaceObjectPropSet; in linear time. False: it cannot be read to its end, and what
 * stands before that was. */
bool onenote_read_properties(struct slice set, struct onenote_properties *out);

#endif
