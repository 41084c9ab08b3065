/* SPDX-License-Identifier: ISC
 * The headers of a cabinet ([MS-CAB] 2.2), read without unpacking. libarchive 3.6 writes beyond its
 * memory on hostile LZX data: such cabinets are listed from here and never unpacked. */
#ifndef FILTERS_ARCHIVE_CAB_HEADERS_H
#define FILTERS_ARCHIVE_CAB_HEADERS_H

#include "base/arena.h"

struct cab_member {
    struct slice name; /* a part of the content */
    uint32_t size;
};

struct cab_headers {
    struct cab_member *members;
    size_t count;
    bool unpackable; /* all folders are stored or MSZIP */
    bool volume;     /* one of several files */
    bool truncated;  /* more members than asked for */
    bool broken;
};

/* `content` starts with "MSCF"; at most `max` members are kept, in `arena`. False when it is no
 * cabinet or the arena is full. */
bool cab_headers_read(struct arena *arena, struct slice content, size_t max,
                      struct cab_headers *out);

#endif
