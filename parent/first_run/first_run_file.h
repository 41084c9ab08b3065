/* SPDX-License-Identifier: ISC
 * A file that is written beside its place, looked at, and then put there whole. */
#ifndef PARENT_FIRST_RUN_FIRST_RUN_FILE_H
#define PARENT_FIRST_RUN_FIRST_RUN_FILE_H

#include "base/slice.h"

#include <sys/stat.h>

struct draft {
    char path[PATH_MAX]; /* of the draft; empty: there is none */
    char place[PATH_MAX];
    bool replaces;
    bool is_example;    /* and is kept as one */
    struct stat former; /* replaces */
};

/* Whether something is at the place already, and may be replaced: with `force`, or when it is the example that Gatepost
 * ships, unchanged. NULL, or why not. */
const char *draft_look(struct draft *draft, const char *place, bool force);

/* Writes the draft beside the place; mode and owner are those of what it replaces, else 0644 and ours. NULL, or why not. */
const char *draft_write(struct draft *draft, struct slice text);

/* Puts it there at once, on the disk; what is an example is kept as PLACE.example. NULL, or why not. */
const char *draft_place(struct draft *draft);

/* Removes a draft that was not placed. */
void draft_drop(struct draft *draft);

#endif
