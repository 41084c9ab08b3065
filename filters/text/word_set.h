/* SPDX-License-Identifier: ISC
 * The different words of a text, of five letters and more: shorter ones stand in every text. Folded,
 * without links and addresses; of scripts that put no blanks between words each two characters are one.
 * A set holds digests: two words may be taken for one, hardly ever. */
#ifndef FILTERS_TEXT_WORD_SET_H
#define FILTERS_TEXT_WORD_SET_H

#include "base/slice.h"

enum { WORD_SET_MAX = 8192 };

struct word_set {
    uint64_t places[2 * WORD_SET_MAX]; /* 0: empty */
    size_t count;
    bool full; /* there are more */
};

void word_set_clear(struct word_set *set);
void word_set_add(struct word_set *set, struct slice text);
size_t word_set_common(const struct word_set *one, const struct word_set *other);

#endif
