/* SPDX-License-Identifier: ISC
 * Shared by the files that read an ISO 9660 image. */
#ifndef FILTERS_ARCHIVE_ISO_INTERNAL_H
#define FILTERS_ARCHIVE_ISO_INTERNAL_H

#include "filters/archive/iso.h"

enum { ISO_SECTOR = 2048, ISO_FIRST_DESCRIPTOR = 16 };

/* How a folder's names are written. The same sectors may be read as both. */
enum iso_kind { ISO_OCTETS, ISO_JOLIET, ISO_KINDS };

struct iso_folder {
    uint64_t sector, size;
    enum iso_kind kind;
    struct slice path; /* empty: a root */
};

struct iso_folders {
    struct iso_folder *all;
    size_t count, room, next;
};

/* A file whose records are being read: one for each of its extents (ECMA-119, 6.5.1). */
struct iso_open_file {
    struct iso_file file;
    struct slice name; /* as it is in the image */
    struct iso_piece *last;
    uint64_t sector; /* its first */
    bool open;
};

struct iso_reader {
    struct arena *arena;
    struct slice image;
    size_t max;
    struct iso *out;
    uint32_t sectors;
    /* For each sector the next that was not read yet, itself if need be; some steps on the way. */
    uint32_t *unread[ISO_KINDS];
    struct iso_folders folders;
    struct iso_folders late; /* which may have been reached by a better path */
    struct iso_open_file current;
    uint32_t *slots; /* files by where they begin, from 1; 0: none */
    size_t slot_mask;
    size_t system_skip;         /* octets before Rock Ridge's fields */
    uint64_t continuation_left; /* octets that such fields may have elsewhere */
};

/* A directory record (ECMA-119, 9.1). */
struct iso_record {
    uint32_t sector, size;
    uint8_t flags;
    bool itself; /* the folder, or the one above it */
    bool odd;    /* interleaved, or behind an extended attribute record */
    struct slice name;
    struct slice system; /* what is left of it, for others' use */
};

/* What Rock Ridge says of a record. */
struct iso_rock {
    struct slice name; /* empty: none */
    bool compressed;   /* by zisofs */
    bool moved;        /* a folder whose place is elsewhere ... */
    uint32_t child;    /* ... which is here: its sector; 0: no such place */
};

/* iso_names.c */
struct iso_rock iso_read_rock(struct iso_reader *r, const struct iso_record *record, bool root);
/* The name of a folder in its tree, and `path` before it. */
struct slice iso_folder_path(struct iso_reader *r, const struct iso_folder *in, struct slice name,
                             struct slice rock_name);
/* Adds each name that programs may show of the record to those of `file`. */
void iso_add_names(struct iso_reader *r, const struct iso_folder *in, struct slice name,
                   struct slice rock_name, struct iso_file *file);

/* iso_folders.c */
void iso_add_folder(struct iso_reader *r, struct iso_folders *to, struct iso_folder folder);
/* The length that the folder at `sector` says it has; 0: it says none. */
uint64_t iso_folder_size(const struct iso_reader *r, uint64_t sector);
/* Was all of it read, in this way? */
bool iso_is_read(struct iso_reader *r, const struct iso_folder *folder);
/* Reads all folders of the list, and those that it finds. */
void iso_walk(struct iso_reader *r, struct iso_folders *folders);

/* iso_files.c */
/* Begins a file, or goes on with it, at its record in `in`; with the last one it is listed. */
void iso_read_file(struct iso_reader *r, const struct iso_folder *in,
                   const struct iso_record *record, const struct iso_rock *rock);
/* Is a file half read? Then it is listed, as damaged. */
void iso_end_file(struct iso_reader *r);
/* Lists a file that begins at `sector`, if there is none yet; else its names are that one's too. */
void iso_list_file(struct iso_reader *r, uint64_t sector, const struct iso_file *file);

/* iso_boot.c: lists the images that a boot record names (El Torito 1.0). */
void iso_read_boot(struct iso_reader *r, struct slice descriptor);

#endif
