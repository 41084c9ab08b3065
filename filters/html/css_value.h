/* SPDX-License-Identifier: ISC
 * Values in style sheets: what each says of whether text is shown (html_style.h); STYLE_UNSET for
 * what is no value of that property, which browsers pass over. */
#ifndef FILTERS_HTML_CSS_VALUE_H
#define FILTERS_HTML_CSS_VALUE_H

#include "base/slice.h"

struct slice css_trim_blanks(struct slice text);

/* A number at the beginning, in thousandths, and what stands behind it. False: there is none. */
bool css_number(struct slice text, int64_t *thousandths, struct slice *rest);

uint32_t css_display(struct slice value);
uint32_t css_visibility(struct slice value);
uint32_t css_size(struct slice value);
uint32_t css_font(struct slice value);
uint32_t css_opacity(struct slice value);
uint32_t css_overflow(struct slice value);
uint32_t css_position(struct slice value);
uint32_t css_length(struct slice value); /* hides when it is zero */
uint32_t css_offset(struct slice value); /* hides when it is far outside */
uint32_t css_colour(struct slice value);
uint32_t css_background(struct slice value); /* of the shorthand its colour */
uint32_t css_image(struct slice value);      /* hides when there is one: nobody knows its colours */

#endif
