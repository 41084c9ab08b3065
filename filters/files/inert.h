/* SPDX-License-Identifier: ISC
 * What pages and texts are made of, and what nobody needs to look at: pictures, fonts, sound. */
#ifndef FILTERS_FILES_INERT_H
#define FILTERS_FILES_INERT_H

#include "base/slice.h"

/* Is what a page holds, declared as that type, a picture, a font, sound or video with nothing behind
 * it, or a drawing (SVG) that does nothing? By its content. */
bool inert_picture(struct slice type, struct slice content);

/* Is it words, styles or values, which nothing opens as anything else unless it has a name? */
bool inert_words(struct slice type, struct slice content);

#endif
