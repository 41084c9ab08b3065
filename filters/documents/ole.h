/* SPDX-License-Identifier: ISC
 * OLE2 compound files ([MS-CFB]): the container of Office 97-2003 documents, installers and
 * embedded objects. Only what is needed to look inside: the directory as a list and the bytes of a
 * stream. Every chain is bounded by the number of sectors that the file has. */
#ifndef FILTERS_DOCUMENTS_OLE_H
#define FILTERS_DOCUMENTS_OLE_H

#include "base/arena.h"

enum ole_kind { OLE_NONE = 0, OLE_STORAGE = 1, OLE_STREAM = 2, OLE_ROOT = 5 };

struct ole_entry {
    struct slice name; /* UTF-16 folded to bytes: what is beyond ASCII becomes '?' */
    enum ole_kind kind;
    uint32_t first; /* sector */
    uint64_t size;
    const char *class_id; /* 16 bytes of the content */
    /* Its place in the directory, and its neighbours' in the tree (filters/documents/ole_tree.h). */
    uint32_t slot, left, right, child;
};

struct ole {
    struct slice content;
    struct ole_entry *entries; /* every directory entry in use, also those that no tree leads to */
    size_t count;
    const uint32_t *fat;
    size_t fat_count;
    const uint32_t *mini_fat;
    size_t mini_fat_count;
    struct slice mini_stream;
    uint32_t mini_cutoff;
    unsigned sector_shift, mini_shift;
};

/* False when it is no compound file, nothing of its directory can be read, or `arena` is full. */
bool ole_open(struct arena *arena, struct slice content, struct ole *out);

/* The first entry of that name (letters folded), or NULL. */
const struct ole_entry *ole_find(const struct ole *ole, struct slice name);

/* The first `max` bytes of a stream, in `arena`;
 * fewer when its chain is shorter or the arena is full. */
struct slice ole_read(struct arena *arena, const struct ole *ole, const struct ole_entry *entry,
                      size_t max);

/* Puts octets in place of a stream's in a copy of the content, unless it is a small one. */
void ole_put(const struct ole *ole, const struct ole_entry *entry, struct slice octets, char *copy);

/* Zeroes the stream in a copy of the content, unless it is a small one, which lies in a stream with
 * others. */
void ole_blank(const struct ole *ole, const struct ole_entry *entry, char *copy);

/* Is it a Windows Installer package (by its root's class id)? */
bool ole_is_installer(const struct ole *ole);

#endif
