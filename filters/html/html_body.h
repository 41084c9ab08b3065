/* SPDX-License-Identifier: ISC */
#ifndef FILTERS_HTML_HTML_BODY_H
#define FILTERS_HTML_HTML_BODY_H

#include "base/slice.h"

/* Where the body of a page begins (the HTML Standard of the WHATWG, 13.2.6.4.1 to 13.2.6.4.6): behind
 * <body ...>, or, without one, before the first thing that can stand in no head. A page that is
 * nothing but a head, or whose head does not end within `page`: before its first tag. ASCII has to
 * mean itself in it. */
size_t html_body_place(struct slice page);

/* Where it ends: before the closing tags of body and page behind which nothing is shown (13.2.6.4.19:
 * what comes behind such a tag goes on with the body), or, without them, where the page ends. False:
 * it ends within a tag, a comment or an element that holds text alone. Linear; ASCII has to mean
 * itself. */
bool html_body_end(struct slice page, size_t *place);

#endif
