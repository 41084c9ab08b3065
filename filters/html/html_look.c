/* SPDX-License-Identifier: ISC */
#include "filters/html/html_look.h"

enum { WHITE = COLOUR_KNOWN | 0xffffff, BLACK = COLOUR_KNOWN };
enum { CHANNEL = 0xff, ALIKE = 8 /* of 255, that two shades of a colour differ at most */ };

const struct html_look html_look_outermost = {.colour = BLACK, .background = WHITE};

static bool is_alike(uint32_t one, uint32_t other)
{
    for (unsigned shift = 0; shift < 24; shift += 8) {
        int difference = (int)(one >> shift & CHANNEL) - (int)(other >> shift & CHANNEL);
        if (difference > ALIKE || difference < -ALIKE)
            return false;
    }
    return true;
}

bool html_look_is_seen(const struct html_look *look)
{
    bool blends = (look->colour & look->background & COLOUR_KNOWN) &&
                  is_alike(look->colour, look->background);
    return !look->gone && !look->invisible && !look->tiny && !(look->colour & COLOUR_CLEAR) &&
           !blends;
}

/* What the element's declarations say; nothing where it is in doubt that they hide. */
static uint32_t said(const struct html_style *style, uint32_t doubt, enum html_property property)
{
    uint32_t value = style->rank[property] ? style->value[property] : STYLE_UNSET;
    return value == STYLE_HIDES && (doubt >> property & 1) ? STYLE_UNSET : value;
}

struct declared {
    const struct html_style *style;
    uint32_t doubt;
};

static bool hides(struct declared d, enum html_property property)
{
    return said(d.style, d.doubt, property) == STYLE_HIDES;
}

static bool is_cut_off(struct declared d)
{
    bool flat = hides(d, STYLE_HEIGHT) || hides(d, STYLE_MAX_HEIGHT) || hides(d, STYLE_WIDTH) ||
                hides(d, STYLE_MAX_WIDTH);
    return flat && hides(d, STYLE_OVERFLOW);
}

static bool is_outside(struct declared d)
{
    bool away = hides(d, STYLE_LEFT) || hides(d, STYLE_TOP);
    return (away && hides(d, STYLE_POSITION)) || hides(d, STYLE_INDENT);
}

static void colour_look(struct html_look *look, struct declared d)
{
    const uint32_t doubtful = 1U << STYLE_BACKGROUND | 1U << STYLE_IMAGE | 1U << STYLE_COLOUR;
    uint32_t colour = said(d.style, 0, STYLE_COLOUR);
    uint32_t background = said(d.style, 0, STYLE_BACKGROUND);
    if (colour != STYLE_UNSET)
        look->colour = colour;
    if (background != STYLE_UNSET && background != COLOUR_CLEAR)
        look->background = background;
    if (d.doubt & doubtful || said(d.style, 0, STYLE_IMAGE) == STYLE_HIDES)
        look->background = COLOUR_UNKNOWN;
    if (d.doubt >> STYLE_COLOUR & 1)
        look->colour = COLOUR_UNKNOWN;
}

enum html_gap html_gap_of(const struct html_element *element, uint32_t display)
{
    unsigned traits = element ? element->traits : 0;
    if (element && slice_eq(element->name, SLICE("br")))
        return HTML_LINE;
    if (display == DISPLAY_INLINE)
        return HTML_NO_GAP;
    if (display == DISPLAY_BLOCK || (traits & HTML_BLOCK && display != DISPLAY_CELL))
        return HTML_PARAGRAPH;
    return display == DISPLAY_CELL || traits & HTML_CELL ? HTML_BLANK : HTML_NO_GAP;
}

enum html_gap html_look_take(struct html_look *look, const struct html_element *element,
                             const struct html_style *style, uint32_t doubt)
{
    struct declared d = {style, doubt};
    uint32_t size = said(d.style, d.doubt, STYLE_SIZE);
    uint32_t visibility = said(d.style, d.doubt, STYLE_VISIBILITY);
    bool none = hides(d, STYLE_DISPLAY) || (element && element->traits & HTML_UNSEEN);
    bool has_gap = !none && !look->gone && !is_outside(d);
    look->gone |= none || hides(d, STYLE_OPACITY) || is_cut_off(d) || is_outside(d);
    if (visibility != STYLE_UNSET)
        look->invisible = visibility == STYLE_HIDES;
    if (size == SIZE_NOTHING || size == SIZE_LEGIBLE)
        look->tiny = size == SIZE_NOTHING;
    colour_look(look, d);
    return has_gap ? html_gap_of(element, said(d.style, d.doubt, STYLE_DISPLAY)) : HTML_NO_GAP;
}
