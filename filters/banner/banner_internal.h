/* SPDX-License-Identifier: ISC
 * Shared by the files of the banner only. */
#ifndef FILTERS_BANNER_BANNER_INTERNAL_H
#define FILTERS_BANNER_BANNER_INTERNAL_H

#include "base/buf.h"
#include "filters/banner/banner.h"

/* Where a leaf can take it. */
struct banner_leaf {
    enum banner_state state; /* PLACED, or why not. SEALED: it holds a PGP message */
    struct banner_place place;
};

void banner_leaf(struct arena *arena, const struct mime_part *part, struct slice raw,
                 struct banner_leaf out[static BANNER_SPOTS]);

/* Where the last text of a part stands that decodes to `text`: *at in its content, *kept as in struct
 * banner_place. False: its encoding ends in another way than it should. */
bool banner_end(const struct mime_part *part, struct slice text, size_t *at, unsigned *kept);

/* The texts as lines of at most 76 columns, CRLF behind each, and an empty one between them and the
 * part's own text, in a charset (number). False: too much of it cannot be said there, or `out` is
 * full. */
bool banner_plain(struct buf *out, unsigned charset, const struct banner_texts *texts);

/* The texts as HTML, in ASCII; no line end at its end. */
void banner_html(struct buf *out, const struct banner_texts *texts);

/* What of the message stands before the place ends with these words, in lines of their own. */
bool banner_stands_before(struct slice before, struct slice words);

/* `text` in quoted-printable, lines of at most 76 octets, of which none can be taken for a boundary.
 * `utf8`: no character of it is cut. */
void banner_qp(struct buf *out, struct slice text, bool utf8);

/* In base64, lines of 76 letters and a shorter one. */
void banner_base64(struct buf *out, struct slice octets);

#endif
