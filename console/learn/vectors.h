/* SPDX-License-Identifier: ISC
 * Vectors of many messages, several made at once by scanners of our own, in the order of the messages. */
#ifndef CONSOLE_LEARN_VECTORS_H
#define CONSOLE_LEARN_VECTORS_H

#include "common/learning.h"
#include "console/offline.h"

struct vector_place;

struct vectors {
    const struct offline *offline; /* started with a model */
    struct vector_place *places;   /* a ring; owned */
    size_t size, first, count;
};

enum vector_got {
    VECTOR_MADE,
    VECTOR_FAILED, /* the scanner says nothing of this message */
    VECTOR_LATER,  /* nothing is ready now */
};

/* False: out of memory. vectors_close either way. */
bool vectors_open(struct vectors *vectors, const struct offline *offline);
void vectors_close(struct vectors *vectors);

bool vectors_has_room(const struct vectors *vectors);
bool vectors_is_empty(const struct vectors *vectors);

/* Where there is room. `message`, a sealed memfd, is given away. */
void vectors_submit(struct vectors *vectors, int message, enum label_class class);

/* The next one, if it is ready: message, class and vector of *label, valid until the next call. */
enum vector_got vectors_next(struct vectors *vectors, struct label *label);

/* Waits until something may be ready. False: interrupted. */
bool vectors_wait(struct vectors *vectors);

#endif
