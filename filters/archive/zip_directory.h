/* SPDX-License-Identifier: ISC
 * What a zip says about itself, from all its mouths: every central directory that can be found and
 * the chain of local headers, whether they agree or not. Programs differ in which they believe, so
 * all names count (APPNOTE.TXT 4.3). Nothing is unpacked here. */
#ifndef FILTERS_ARCHIVE_ZIP_DIRECTORY_H
#define FILTERS_ARCHIVE_ZIP_DIRECTORY_H

#include "base/arena.h"

#define ZIP_NAMES_MAX 6

struct zip_member {
    /* Distinct, the central directory's first; parts of the content. */
    struct slice names[ZIP_NAMES_MAX];
    size_t name_count;
    uint64_t packed, size; /* as declared; of the local header when there is no central entry */
    uint64_t local;        /* offset of the local header */
    uint64_t data;         /* offset of the packed bytes; 0 when the local header is not there */
    uint32_t crc;
    uint16_t method, flags, time;
    uint8_t aes_strength; /* of WinZip's encryption, 1 to 3; 0: it is none */
    uint16_t aes_method;  /* how it is packed then */
    bool encrypted;
    unsigned directory; /* which central directory names it, from 1; 0: none does */
};

struct zip_directory {
    struct zip_member *members; /* in order of their local headers */
    size_t count;
    uint64_t start;      /* where the first local header is: bytes before it are a prefix */
    unsigned ends;       /* end-of-directory records that were found */
    bool truncated;      /* more members than were asked for */
    bool overlapping;    /* members share bytes */
    bool mismatched;     /* local header and central directory name different files */
    bool headers_hidden; /* the central directory itself is encrypted */
    bool broken;         /* entries point outside, records are cut */
};

/* Lets the C library's sort ask its questions of the system. Once, before the jail. */
void zip_directory_warm_up(void);

/* True when `content` holds a zip anywhere that unzip programs would find it: a directory at its
 * end or local headers at its start. At most `max` members are kept, fewer when the arena is full;
 * then it is `truncated`. */
bool zip_directory_read(struct arena *arena, struct slice content, size_t max,
                        struct zip_directory *out);

#endif
