/* SPDX-License-Identifier: ISC
 * How what stands in an element of HTML looks: whether it can be seen. */
#ifndef FILTERS_HTML_HTML_LOOK_H
#define FILTERS_HTML_HTML_LOOK_H

#include "filters/html/html_element.h"
#include "filters/html/html_style.h"

/* From the weakest: what a tag puts between the words before and behind it. */
enum html_gap { HTML_NO_GAP, HTML_BLANK, HTML_LINE, HTML_PARAGRAPH };

/* As far as the elements in it inherit it. */
struct html_look {
    bool gone;      /* whatever they say */
    bool invisible; /* unless they say otherwise, */
    bool tiny;      /* ... and so is this */
    uint32_t colour, background;
};

/* Of what stands in no element: black on white. */
extern const struct html_look html_look_outermost;

bool html_look_is_seen(const struct html_look *look);

/* What becomes of the look around an element by its declarations, of which those in `doubt` (bits of
 * enum html_property) hide nothing; answers with the gap of its tags. `element` may be NULL. */
enum html_gap html_look_take(struct html_look *look, const struct html_element *element,
                             const struct html_style *style, uint32_t doubt);

/* The gap of an element's tags; display: STYLE_UNSET where nobody says anything else. */
enum html_gap html_gap_of(const struct html_element *element, uint32_t display);

#endif
