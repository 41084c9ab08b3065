/* SPDX-License-Identifier: ISC
 * OneNote's sections and tables of contents (.one, .onetoc2: [MS-ONESTORE]): the files in them.
 * Every object that begins as one is found, wherever it lies, since what refers to it is as hostile
 * as the rest. What a file is called stands elsewhere, and is joined to it where that can be
 * followed. */
#ifndef FILTERS_CONTAINERS_ONENOTE_H
#define FILTERS_CONTAINERS_ONENOTE_H

#include "base/arena.h"

enum { ONENOTE_NAMES_MAX = 8 };

struct onenote_file {
    size_t at;            /* where its object begins (2.6.13) */
    struct slice content; /* part of the input */
    /* Distinct, clean UTF-8: as it was attached, and a number with the extension that its
     * declaration gives. */
    struct slice names[ONENOTE_NAMES_MAX];
    size_t n_names;
    bool attached; /* under a name: not merely a picture on a page */
    bool damaged;  /* its length does not fit; the content goes on up to the next file's */
};

struct onenote {
    struct onenote_file *files;
    size_t count;
    struct slice *names; /* of attached files that are known of no content; distinct */
    size_t n_names;
    bool encrypted; /* a section with a password */
    bool packaged;  /* in the other form (2.8), that servers store and that is not read here */
    bool broken;    /* not as long as it says, or what says how files are called cannot be read */
    bool cut;       /* more files than the caller wanted */
};

/* Does it begin as one (2.3.1)? */
bool onenote_is(struct slice content);

/* Lists at most `max` files of what onenote_is. Time and memory are linear in the content. False
 * when the arena is full. */
bool onenote_list(struct arena *arena, struct slice content, size_t max, struct onenote *out);

#endif
