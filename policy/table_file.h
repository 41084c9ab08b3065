/* SPDX-License-Identifier: ISC
 * The entries of a table that stand in a file, one a line, found where they stand: an index of places in
 * the text (table_index.h). It holds no pointers, so whoever loads a large table first keeps it beside
 * the text (struct loader), and all processes map the two of them. */
#ifndef POLICY_TABLE_FILE_H
#define POLICY_TABLE_FILE_H

#include "policy/source.h"
#include "policy/table_networks.h"

/* Zeroed: it has none. */
struct table_file {
    struct table_text text;
    const uint32_t *places; /* in the sources' arena, or kept by the loader */
    size_t size, count;
    struct network_places networks; /* of size 0: some entry is no network */
    const char *values;             /* of pairs, eight octets a place; NULL: they have none */
    enum type_kind kind;            /* of the values */
    bool has_endings;               /* an entry begins with "*." or "@" */
    bool beyond_ascii;
    bool plain; /* no entry but has one spelling alone, and none is a URL */
};

/* Of a text of up to TABLE_FILE_MAX octets without values, which must live as long. False: memory. */
bool table_file_read(struct sources *sources, struct table_file *file, struct slice text);

/* By the index that the loader has of this text. False: it has none. */
bool table_file_find(const struct sources *sources, struct table_file *file,
                     const struct table_text *text);

/* Whether the loader has an index of this text, so that the text was looked at when it was made. */
bool table_file_is_indexed(const struct sources *sources, struct slice text);

/* The file as this index says. False: it is no index of such a text. What is in it need not be right:
 * no look-up leaves index and text, or fails to end. */
bool table_file_open(struct table_file *file, const struct table_text *text, struct slice index);

/* The number of prefix + ending, whatever the case of its letters of ASCII; 0: it is no entry. `hash` is
 * table_hash_more over all of it, from its last octet to its first. */
size_t table_file_number(const struct table_file *file, uint64_t hash, struct slice prefix,
                         struct slice ending);

/* One entry after the other, in no order; *at is 0 at first, and then its number. */
bool table_file_each(const struct table_file *file, size_t *at, struct slice *entry);

/* The entry of a number, and its value; absent where the index has none for it. */
struct slice table_file_entry(const struct table_file *file, size_t number);
struct value table_file_value(const struct table_file *file, size_t number);

/* How an index has a value of this kind: a text as it stands in `text`. */
uint64_t table_file_pack(struct slice text, enum type_kind kind, const struct value *value);

static const uint64_t TABLE_HASH_START = 0xcbf29ce484222325u;
static inline uint64_t table_hash_more(uint64_t hash, char c)
{
    return (hash ^ (unsigned char)ascii_lower(c)) * 0x100000001b3u;
}
uint64_t table_hash(struct slice entry);

#endif
