/* SPDX-License-Identifier: ISC
 * Plain text as paragraphs: an empty line ends one, and so does a line that is quoted more or less
 * deep than the one before. Files that are written into it (uuencode) are left out. */
#ifndef FILTERS_TEXT_PLAIN_TEXT_H
#define FILTERS_TEXT_PLAIN_TEXT_H

#include "filters/text/paragraphs.h"

/* Of format=flowed (RFC 3676). */
struct plain_form {
    bool flowed;
    bool delsp; /* the blank before a soft line end is none of the text's */
};

/* Ends the last paragraph. */
void plain_text_read(struct paragraphs *paragraphs, struct slice text, struct plain_form form);

#endif
