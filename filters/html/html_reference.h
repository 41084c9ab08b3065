/* SPDX-License-Identifier: ISC
 * Character references of HTML: numbers, and the names in html_names.def. */
#ifndef FILTERS_HTML_HTML_REFERENCE_H
#define FILTERS_HTML_HTML_REFERENCE_H

#include "base/buf.h"

/* The length of the character reference at the start of s, which begins with '&', and in *code what
 * it stands for, which may be a control; 0: none. */
size_t html_reference(struct slice s, uint32_t *code);

/* `s` with what its references stand for: itself where there are none, else in `room`, which is
 * cleared before and `failed` when it was too small; at most twice as long. */
struct slice html_decode(struct slice s, struct buf *room);

#endif
