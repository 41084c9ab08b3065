/* SPDX-License-Identifier: ISC
 * What the files of a section are called ([MS-ONESTORE] 2.5, 2.6; [MS-ONE] 2.2.32): the walk through
 * what is declared in it. */
#ifndef FILTERS_CONTAINERS_ONENOTE_NAMES_H
#define FILTERS_CONTAINERS_ONENOTE_NAMES_H

#include "base/arena.h"

/* Objects are numbered anew in each list of nodes: both numbers together are one object. */
struct onenote_object {
    uint32_t list, number;
};

/* An object holds the file with this GUID. */
struct onenote_declaration {
    struct onenote_object object;
    char guid[16];
    struct slice extension; /* clean UTF-8; mostly with its dot */
};

/* The file with this GUID lies there. */
struct onenote_reference {
    char guid[16];
    uint64_t at;
};

/* A file that an object holds is attached under this name. */
struct onenote_name {
    struct onenote_object object;
    struct slice name; /* clean UTF-8 */
    bool joined;
};

struct onenote_told {
    struct onenote_declaration *declarations;
    size_t n_declarations, declarations_room;
    struct onenote_reference *references;
    size_t n_references, references_room;
    struct onenote_name *names;
    size_t n_names, names_room;
    uint64_t
        steps; /* octets that may still be looked at: what refers to itself is not followed long */
    bool broken; /* a name is there and cannot be read, or there were no steps left */
};

/* Reads all lists of nodes, wherever they lie. False when the arena is full. */
bool onenote_read_names(struct arena *arena, struct slice content, struct onenote_told *out);

/* Takes so many of the steps; false when they do not suffice. */
bool onenote_step(struct onenote_told *told, uint64_t octets);

#endif
