/* SPDX-License-Identifier: ISC
 * What matters of an element of HTML to who reads what it shows. */
#ifndef FILTERS_HTML_HTML_ELEMENT_H
#define FILTERS_HTML_HTML_ELEMENT_H

#include "base/slice.h"

enum html_trait {
    HTML_BLOCK = 1,   /* stands for itself: a paragraph ends before and behind it */
    HTML_CELL = 2,    /* beside others in a row */
    HTML_VOID = 4,    /* has no content and no end */
    HTML_SCOPE = 8,   /* what stands within ends nothing that stands around it */
    HTML_ALIKE = 16,  /* ends where another of its kind begins */
    HTML_UNSEEN = 32, /* what stands within is never shown */
    HTML_LIST = 64,   /* holds items, which end nothing around it */
    HTML_ROW = 128,   /* of cells, */
    HTML_ROWS = 256,  /* ... and rows of rows */
    HTML_FORM = 512,  /* is told of how text looks: its end counts across blocks that began in it */
};

struct html_element {
    struct slice name;
    unsigned traits; /* of enum html_trait */
};

/* By its name, in any case; NULL: one without traits. Static. */
const struct html_element *html_element(struct slice name);

#endif
