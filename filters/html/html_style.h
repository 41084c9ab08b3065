/* SPDX-License-Identifier: ISC
 * Declarations of style sheets (CSS), as far as they decide whether text is shown: what hides it, and
 * what shows again what another declaration hides. Pure; time is linear. */
#ifndef FILTERS_HTML_HTML_STYLE_H
#define FILTERS_HTML_HTML_STYLE_H

#include "base/slice.h"

enum html_property {
    STYLE_DISPLAY,
    STYLE_VISIBILITY,
    STYLE_SIZE, /* font-size, font */
    STYLE_OPACITY,
    STYLE_COLOUR,
    STYLE_BACKGROUND, /* background-color, background */
    STYLE_IMAGE,      /* background-image, background */
    STYLE_OVERFLOW,
    STYLE_HEIGHT,
    STYLE_MAX_HEIGHT,
    STYLE_WIDTH,
    STYLE_MAX_WIDTH,
    STYLE_POSITION,
    STYLE_LEFT,
    STYLE_TOP,
    STYLE_INDENT,
    STYLE_PROPERTIES
};

/* What a property says. Of each the first is what hides, or helps to. */
enum { STYLE_UNSET = 0, STYLE_HIDES = 1, STYLE_SHOWS = 2 };
enum { DISPLAY_NONE = 1, DISPLAY_INLINE, DISPLAY_BLOCK, DISPLAY_CELL };
enum { SIZE_NOTHING = 1, SIZE_LEGIBLE, SIZE_OF_PARENT /* times something */ };

/* A colour: 0xRRGGBB with one of these. */
enum { COLOUR_KNOWN = 1 << 24, COLOUR_CLEAR = 2 << 24, COLOUR_UNKNOWN = 4 << 24 };

/* Whose declarations these are: the greater wins, and of equals the later. */
enum html_origin { STYLE_OF_HTML, STYLE_OF_TAG, STYLE_OF_CLASS, STYLE_OF_ID, STYLE_OWN };

struct html_style {
    uint32_t value[STYLE_PROPERTIES];
    uint8_t rank[STYLE_PROPERTIES]; /* 0: unset */
};

/* "display: none; color: #fff !important" */
void html_style_declare(struct html_style *style, struct slice declarations,
                        enum html_origin origin);

/* One of them, said with an attribute of HTML. */
void html_style_set(struct html_style *style, enum html_property property, uint32_t value,
                    enum html_origin origin);

/* Those of `of`, which were declared as of HTML, as of this origin. */
void html_style_merge(struct html_style *style, const struct html_style *of,
                      enum html_origin origin);

/* A colour as style sheets write it, or HTML (`legacy`: "ffffff" too). */
uint32_t html_colour(struct slice text, bool legacy);

/* Offset of the first of these octets outside of strings, comments and parentheses; text.len: none. */
size_t css_find(struct slice text, const char *octets);
/* Without blanks and comments at both ends. */
struct slice css_trim(struct slice text);

#endif
