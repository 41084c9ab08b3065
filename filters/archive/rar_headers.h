/* SPDX-License-Identifier: ISC
 * The headers of RAR archives (versions 4 and 5), read without unpacking: libarchive does not see
 * version 5's encryption and gives up at the first member that it cannot unpack. */
#ifndef FILTERS_ARCHIVE_RAR_HEADERS_H
#define FILTERS_ARCHIVE_RAR_HEADERS_H

#include "base/arena.h"

struct rar_member {
    struct slice name; /* a part of the content; UTF-8 in version 5 */
    uint64_t size;
    bool encrypted, directory;
    bool split; /* continues from or in another volume */
};

struct rar_headers {
    struct rar_member *members;
    size_t count;
    unsigned version;       /* 4 or 5 */
    bool headers_encrypted; /* not even the names can be read */
    bool encrypted;         /* some member is */
    bool volume;            /* one of several files */
    bool truncated;         /* more members than asked for */
    bool broken;            /* headers run out of the file */
};

/* `content` starts with a RAR signature; at most `max` members are kept, in `arena`. False when it
 * is no RAR or the arena is full. */
bool rar_headers_read(struct arena *arena, struct slice content, size_t max,
                      struct rar_headers *out);

#endif
