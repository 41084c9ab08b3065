/* SPDX-License-Identifier: ISC
 * The index of a table's text, as it is made: a header, and behind it the values of pairs, the places of
 * the entries, and the same by networks where all of them are networks. It holds no pointers. */
#ifndef POLICY_TABLE_INDEX_H
#define POLICY_TABLE_INDEX_H

#include "policy/source.h"
#include "policy/table_networks.h"

struct index_header {
    char version[8];
    uint32_t text_size, size, count, flags;
    uint32_t kind;         /* of the values of pairs: enum type_kind */
    uint32_t network_size; /* 0: some entry is no network, or there is none */
    struct network_lengths lengths;
    uint8_t unused[2];
};
_Static_assert(sizeof(struct index_header) % sizeof(uint64_t) == 0, "values follow");

extern const char index_version[8];

enum { INDEX_ENDINGS = 1, INDEX_BEYOND_ASCII = 2, INDEX_NOT_PLAIN = 4, INDEX_PAIRS = 8 };

/* Octets from the front of an index to each of its parts, and to its end. */
struct index_parts {
    uint64_t values, places, networks, end;
};
struct index_parts index_parts(const struct index_header *header);

/* One that is being made: in the sources' arena, or aside where the loader is to keep a copy. */
struct table_index {
    struct sources *sources;
    struct table_text text;
    struct index_header *header;
    bool aside;
};

/* An empty one, with room for all entries. False: memory. table_index_end or _drop is due. */
bool table_index_begin(struct table_index *index, struct sources *sources,
                       const struct table_text *text);

/* Adds an entry where it stands in the text, with its value (table_file_value) if it has one. False:
 * it is there already, as *same. */
bool table_index_put(struct table_index *index, struct slice entry, uint64_t value,
                     struct slice *same);

/* What is kept of it. False: memory. */
bool table_index_end(struct table_index *index, struct slice *octets);
void table_index_drop(struct table_index *index);

#endif
