/* SPDX-License-Identifier: ISC
 * A mark at the top of what a message shows (a banner), and words at its bottom (a disclaimer): where
 * they can stand, and what is written there.
 *
 *   banner_find.c, banner_leaf.c   in the jail: the places, and why there is none
 *   banner_write.c                 in the proxy: the octets of its texts for a place
 *   banner_plain.c, banner_html.c  its texts as lines and as HTML
 *   banner_octets.c                those in the part's own transfer encoding
 *
 * The structure stays as it was, no octet but those of one group of base64 is changed, and nothing
 * that is signed or encrypted is touched. Of a place the proxy believes nothing but that it is one:
 * what it writes is its own. */
#ifndef FILTERS_BANNER_BANNER_H
#define FILTERS_BANNER_BANNER_H

#include "filters/mime/mime.h"

enum {
    BANNER_PLACES_MAX = 8,
    BANNER_TEXTS_MAX = 16, /* in one place; what is past them is left out */
    BANNER_OCTETS_MAX = 256 * 1024,
};

enum banner_spot { BANNER_TOP, BANNER_BOTTOM, BANNER_SPOTS };

/* What became of it. */
enum banner_state {
    BANNER_UNEXAMINED, /* nobody has looked for places */
    BANNER_PLACED,
    BANNER_NO_TEXT,  /* nothing that is shown as text */
    BANNER_SEALED,   /* signed or encrypted */
    BANNER_IN_DOUBT, /* other programs may see other parts in it, or another end */
    BANNER_LARGE,    /* its end was not looked for */
    BANNER_ENCODING, /* its transfer encoding or charset is unknown, broken, or takes none */
    BANNER_CHARSET,  /* the charset, or seven bits, cannot say the text */
    BANNER_STRIPPED, /* the part was taken out */
    BANNER_DIFFERS,  /* recipients differ in it */
    BANNER_TOO_MANY,
    BANNER_STATES
};

/* "left out: signed or encrypted"; empty when it was not. */
const char *banner_state_word(enum banner_state state);

/* It is written before the octet `at` of the message. */
struct banner_place {
    uint64_t at;
    uint32_t part;               /* the number of the MIME part */
    enum mime_encoding encoding; /* IDENTITY, QP or BASE64 */
    /* BASE64: octets of the group of four letters at `at` that stay before it: 0 to 2. */
    unsigned kept;
    unsigned charset; /* charset_number */
    bool html;
    bool last;        /* behind all of the part's content. BASE64: `kept` is all of that group */
    bool begins_line; /* of the text, decoded */
    bool high;        /* IDENTITY: it has octets above 127 already */
};

struct banner_places {
    enum banner_state state;
    struct banner_place items[BANNER_PLACES_MAX]; /* ascending */
    size_t count;                                 /* not 0 when PLACED */
};

struct banner_sites {
    struct banner_places of[BANNER_SPOTS];
};

/* ---- in the jail ---- */

/* Where it can stand: at the beginning, or the end, of the first text that is shown, in each of its
 * alternatives that can take it. None takes it when one of them holds a signed or encrypted text.
 * Work is linear in the message. False: the arena is full. */
bool banner_find(struct arena *arena, const struct mime_message *message, struct banner_sites *out);

/* ---- in the proxy ---- */

/* Octets [from, to) of the message become `literal`. */
struct banner_change {
    uint64_t from, to;
    struct slice literal; /* in the arena */
    bool there;           /* the very same stands there already: nothing is to be changed */
};

/* Clean UTF-8, one line each, and where they stand. */
struct banner_texts {
    enum banner_spot spot;
    struct slice items[BANNER_TEXTS_MAX];
    size_t count;
};

/* The texts for a place in the message. `eight_bit`: the message as it
 * came needs an eight-bit path. PLACED, or why not; IN_DOUBT as well for a place that is none. ptr of the literal is NULL when
 * the arena is full. */
enum banner_state banner_write(struct arena *arena, struct slice message, bool eight_bit,
                               const struct banner_place *place, const struct banner_texts *texts,
                               struct banner_change *out);

#endif
