/* SPDX-License-Identifier: ISC
 * The entries of a table that stand in a file, one a line, found where they stand: a hash table of
 * places in the text, of four octets each, behind a header. It holds no pointers, so whoever loads a
 * large table first keeps it beside the text (struct loader), and all processes map the two of them. */
#ifndef POLICY_TABLE_FILE_H
#define POLICY_TABLE_FILE_H

#include "policy/source.h"

/* Zeroed: it has none. */
struct table_file {
    struct slice text;
    const uint32_t
        *places; /* in the sources' arena, or kept by the loader; 0: none, see table_file.c */
    size_t size, count;
    bool has_endings; /* an entry begins with "*." or "@" */
    bool beyond_ascii;
    bool plain; /* no entry but has one spelling alone, and none is a URL */
};

/* Of a text of up to TABLE_FILE_MAX octets, which must live as long. False: memory. */
bool table_file_read(struct sources *sources, struct table_file *file, struct slice text);

/* Whether the loader has an index of this text, so that the text was looked at when it was made. */
bool table_file_is_indexed(const struct sources *sources, struct slice text);

/* The file as this index says. False: it is no index of such a text. What is in it need not be right:
 * no look-up leaves index and text, or fails to end. */
bool table_file_open(struct table_file *file, struct slice text, struct slice index);

/* Whether prefix + ending is an entry, whatever the case of its letters of ASCII; `hash` is
 * table_hash_more over all of it, from its last octet to its first. */
bool table_file_holds(const struct table_file *file, uint64_t hash, struct slice prefix,
                      struct slice ending);

/* One entry after the other, in no order; *at is 0 at first. */
bool table_file_each(const struct table_file *file, size_t *at, struct slice *entry);

static const uint64_t TABLE_HASH_START = 0xcbf29ce484222325u;
static inline uint64_t table_hash_more(uint64_t hash, char c)
{
    return (hash ^ (unsigned char)ascii_lower(c)) * 0x100000001b3u;
}
uint64_t table_hash(struct slice entry);

#endif
