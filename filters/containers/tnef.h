/* SPDX-License-Identifier: ISC
 * TNEF (winmail.dat, MS-OXTNEF): the attachments in it, their names and their data, and the words of
 * the message itself, as slices of the input. Messages within are entered for their attachments. Every
 * length is hostile: nothing outside the input is read. */
#ifndef FILTERS_CONTAINERS_TNEF_H
#define FILTERS_CONTAINERS_TNEF_H

#include "base/arena.h"
#include "base/slice.h"

enum { TNEF_NAMES_MAX = 6, TNEF_WORDS_MAX = 8 };

struct tnef_attachment {
    /* All distinct: title, long and short name ... clean UTF-8. */
    struct slice names[TNEF_NAMES_MAX];
    size_t n_names;
    struct slice data; /* part of the input */
    bool entered;      /* a message whose attachments are in the list as well */
    unsigned depth;    /* 0; 1 for what is in an embedded message ... */
};

enum tnef_words_kind { TNEF_TEXT, TNEF_HTML, TNEF_RTF /* compressed: lzfu.h */ };

struct tnef_words {
    enum tnef_words_kind kind;
    struct slice octets; /* part of the input, in whatever charset */
};

struct tnef {
    struct tnef_attachment *attachments;
    size_t n;
    struct tnef_words words[TNEF_WORDS_MAX];
    size_t n_words;
    bool broken; /* a length does not fit; what stands before it was read */
    bool cut;    /* more attachments or deeper than the caps */
};

/* True when the octets begin as TNEF does. */
bool tnef_is(struct slice data);

/* Lists at most `max` attachments. False when it is no TNEF or the arena is full. */
bool tnef_list(struct arena *arena, struct slice data, size_t max, struct tnef *out);

#endif
