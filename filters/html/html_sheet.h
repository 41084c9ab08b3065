/* SPDX-License-Identifier: ISC
 * The rules of style elements, by tag, class or id, as far as they hide text (html_style.h).
 *
 * What is in doubt hides nothing: a rule that counts for some readers only (@media), or whose
 * selector needs more than the element itself, takes from what it may apply to what others hide of
 * it. Time is linear; memory is bounded, and a sheet that is larger hides nothing at all. */
#ifndef FILTERS_HTML_HTML_SHEET_H
#define FILTERS_HTML_HTML_SHEET_H

#include "filters/html/html_style.h"

struct html_sheet;

/* NULL: no memory. */
struct html_sheet *html_sheet_new(void);
void html_sheet_free(struct html_sheet **sheet); /* NULL is fine */

/* Adds the rules of one style element; `some`: they are for some readers only. `css` must outlive the
 * sheet. */
void html_sheet_read(struct html_sheet *sheet, struct slice css, bool some);

/* Merges what the rules say of an element into *style. Bits of enum html_property: what is in doubt. */
uint32_t html_sheet_apply(const struct html_sheet *sheet, struct slice tag, struct slice classes,
                          struct slice id, struct html_style *style);

#endif
