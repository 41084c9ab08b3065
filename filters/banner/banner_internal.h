/* SPDX-License-Identifier: ISC
 * Shared by the files of the banner only. */
#ifndef FILTERS_BANNER_BANNER_INTERNAL_H
#define FILTERS_BANNER_BANNER_INTERNAL_H

#include "base/buf.h"
#include "filters/banner/banner.h"

/* Whether a leaf can take it, and where: PLACED, or why not. SEALED: it holds a PGP message. */
enum banner_state banner_leaf(struct arena *arena, const struct mime_part *part, struct slice raw,
                              struct banner_place *out);

/* The texts as lines of at most 76 columns, CRLF behind each, and an empty one at the end, in a
 * charset (number). False: too much of it cannot be said there, or `out` is full. */
bool banner_plain(struct buf *out, unsigned charset, const struct slice *texts, size_t count);

/* The texts as HTML, in ASCII; no line end at its end. */
void banner_html(struct buf *out, const struct slice *texts, size_t count);

/* `text` in quoted-printable, lines of at most 76 octets, of which none can be taken for a boundary.
 * `utf8`: no character of it is cut. */
void banner_qp(struct buf *out, struct slice text, bool utf8);

/* In base64, lines of 76 letters and a shorter one. */
void banner_base64(struct buf *out, struct slice octets);

#endif
