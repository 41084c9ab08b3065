/* SPDX-License-Identifier: ISC
 * Text made into paragraphs: runs of words with one blank between two, without anything that cannot
 * be seen (controls, characters of no width, marks of direction, soft hyphens).
 *
 * A paragraph of more than PARAGRAPH_MAX octets goes out in pieces. Each but the first begins with
 * the last words of the one before, PARAGRAPH_OVERLAP octets of them or a little more, so that what
 * is not longer than that stands whole in one of the two. */
#ifndef FILTERS_TEXT_PARAGRAPHS_H
#define FILTERS_TEXT_PARAGRAPHS_H

#include "base/slice.h"

enum { PARAGRAPH_MAX = 8192, PARAGRAPH_OVERLAP = 200 };

struct paragraphs {
    /* Who takes a paragraph: clean UTF-8, never empty; valid until the return. */
    void (*take)(void *ctx, struct slice text);
    void *ctx;
    size_t len;    /* of what is in the room */
    size_t repeat; /* octets at its beginning that went out before */
    bool blank;    /* one is due before what follows */
    char room[PARAGRAPH_MAX + 8];
};

/* UTF-8; what is none counts as Latin-1. A character may not be split between two calls. */
void paragraphs_add(struct paragraphs *paragraphs, struct slice text);
void paragraphs_blank(struct paragraphs *paragraphs);
/* Ends the paragraph, if there is one. */
void paragraphs_end(struct paragraphs *paragraphs);

/* Whether a character shows nothing and takes no room; or takes room and shows nothing. */
bool text_is_unseen(uint32_t code);
bool text_is_blank(uint32_t code);

#endif
