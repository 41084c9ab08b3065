/* SPDX-License-Identifier: ISC
 * Images of CDs (ISO 9660, ECMA-119), read where they lie: nothing in them is packed. An image shows
 * one of several trees of folders, by whoever opens it: the primary one, with Rock Ridge's names
 * (IEEE P1282) or without, or Joliet's. Each file of each tree is listed, once, with all names that
 * it has anywhere; so trees that differ hide nothing, and need no word of their own.
 *
 * Sessions before the last are not looked for: what opens a file shows the descriptors at sector 16.
 * Folders are looked for in the path tables as well, where Windows does. */
#ifndef FILTERS_ARCHIVE_ISO_H
#define FILTERS_ARCHIVE_ISO_H

#include "base/arena.h"

enum { ISO_NAMES_MAX = 8 };

struct iso_piece {
    struct slice octets; /* a part of the image */
    struct iso_piece *next;
};

struct iso_file {
    struct slice
        names[ISO_NAMES_MAX]; /* distinct paths: Joliet's, Rock Ridge's, the primary ones */
    size_t name_count;
    uint64_t size;            /* as its records say */
    struct iso_piece content; /* what is there of it, nearly always in one piece */
    const char *problem;      /* why that is not the file: "corrupt", "unsupported"; or NULL */
};

struct iso {
    struct iso_file *files;
    size_t count;
    bool truncated;   /* more files or folders than were asked for */
    bool broken;      /* folders are outside the image or damaged */
    bool unsupported; /* blocks are not of 2048 octets */
};

/* Is it an image, of plain sectors or raw ones? */
bool iso_is(struct slice content);

/* The image of plain sectors (2048 octets) that `content` is; of raw ones (ECMA-130: 2352 octets,
 * with or without subchannels) their data, copied into `arena`. Empty when it is no image or the
 * arena is full. */
struct slice iso_sectors(struct arena *arena, struct slice content);

/* Lists at most `max` files of what iso_sectors() has answered, in time linear in its length. All in
 * `arena`, which is asked whether it was large enough. False when no descriptor is there. */
bool iso_read(struct arena *arena, struct slice image, size_t max, struct iso *out);

#endif
