/* SPDX-License-Identifier: ISC */
#include "filters/html/html_style.h"

#include "filters/html/css_value.h"

#include <string.h>

enum { IMPORTANT = 8, RANKS_BEGIN = 1, PROPERTY_LONGEST = 16 };

/* ---- the words between ---- */

static size_t after_comment(struct slice text, size_t at)
{
    size_t end = slice_search(slice_from(text, at + 2), SLICE("*/"));
    return at + 2 + end + (at + 2 + end < text.len ? 2 : 0);
}

/* A string ends at its quote, or at the end of its line. */
static size_t after_string(struct slice text, size_t at)
{
    char quote = text.ptr[at++];
    for (; at < text.len && text.ptr[at] != quote && text.ptr[at] != '\n'; at++)
        at += text.ptr[at] == '\\' && at + 1 < text.len;
    return at < text.len ? at + 1 : at;
}

size_t css_find(struct slice text, const char *octets)
{
    size_t depth = 0, at = 0;
    while (at < text.len) {
        char c = text.ptr[at];
        if (depth == 0 && c && strchr(octets, c))
            return at;
        if (c == '/' && at + 1 < text.len && text.ptr[at + 1] == '*') {
            at = after_comment(text, at);
            continue;
        }
        if (c == '"' || c == '\'') {
            at = after_string(text, at);
            continue;
        }
        depth += c == '(';
        depth -= c == ')' && depth > 0;
        at += 1 + (c == '\\');
    }
    return text.len;
}

struct slice css_trim(struct slice text)
{
    text = css_trim_blanks(text);
    while (slice_starts(text, SLICE("/*")))
        text = css_trim_blanks(slice_from(text, after_comment(text, 0)));
    while (text.len >= 4 && slice_iends(text, SLICE("*/"))) {
        size_t begin = text.len;
        for (size_t at = 0; at + 1 < text.len && begin == text.len; at++)
            begin = slice_starts(slice_from(text, at), SLICE("/*")) ? at : begin;
        if (begin == text.len || after_comment(text, begin) < text.len)
            break;
        text = css_trim_blanks(slice_sub(text, 0, begin));
    }
    return text;
}

/* ---- what they say ---- */

void html_style_set(struct html_style *style, enum html_property property, uint32_t value,
                    enum html_origin origin)
{
    uint8_t rank = (uint8_t)(RANKS_BEGIN + origin);
    if (value == STYLE_UNSET || style->rank[property] > rank)
        return;
    style->value[property] = value;
    style->rank[property] = rank;
}

void html_style_merge(struct html_style *style, const struct html_style *of,
                      enum html_origin origin)
{
    for (int i = 0; i < STYLE_PROPERTIES; i++) {
        uint8_t rank = (uint8_t)(of->rank[i] + origin);
        if (of->rank[i] == 0 || style->rank[i] > rank)
            continue;
        style->value[i] = of->value[i];
        style->rank[i] = rank;
    }
}

static void set_background(struct html_style *style, struct slice value, enum html_origin origin)
{
    html_style_set(style, STYLE_BACKGROUND, css_background(value), origin);
    html_style_set(style, STYLE_IMAGE, css_image(value), origin);
}

typedef uint32_t reader(struct slice value);

static const struct {
    struct slice name;
    enum html_property property;
    reader *read;
} properties[] = {
    {SLICE("display"), STYLE_DISPLAY, css_display},
    {SLICE("visibility"), STYLE_VISIBILITY, css_visibility},
    {SLICE("font-size"), STYLE_SIZE, css_size},
    {SLICE("font"), STYLE_SIZE, css_font},
    {SLICE("opacity"), STYLE_OPACITY, css_opacity},
    {SLICE("color"), STYLE_COLOUR, css_colour},
    {SLICE("background-color"), STYLE_BACKGROUND, css_colour},
    {SLICE("background-image"), STYLE_IMAGE, css_image},
    {SLICE("overflow"), STYLE_OVERFLOW, css_overflow},
    {SLICE("height"), STYLE_HEIGHT, css_length},
    {SLICE("max-height"), STYLE_MAX_HEIGHT, css_length},
    {SLICE("width"), STYLE_WIDTH, css_length},
    {SLICE("max-width"), STYLE_MAX_WIDTH, css_length},
    {SLICE("position"), STYLE_POSITION, css_position},
    {SLICE("left"), STYLE_LEFT, css_offset},
    {SLICE("top"), STYLE_TOP, css_offset},
    {SLICE("text-indent"), STYLE_INDENT, css_offset},
};

static bool take_important(struct slice *value)
{
    size_t at = css_find(*value, "!");
    bool important =
        at < value->len && slice_ieq(css_trim(slice_from(*value, at + 1)), SLICE("important"));
    *value = css_trim(slice_sub(*value, 0, at));
    return important;
}

static void declare(struct html_style *style, struct slice name, struct slice value,
                    enum html_origin origin)
{
    unsigned rank = (unsigned)origin + (take_important(&value) ? IMPORTANT : 0);
    if (slice_ieq(name, SLICE("background")))
        set_background(style, value, (enum html_origin)rank);
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (slice_ieq(name, properties[i].name))
            html_style_set(style, properties[i].property, properties[i].read(value),
                           (enum html_origin)rank);
}

void html_style_declare(struct html_style *style, struct slice declarations,
                        enum html_origin origin)
{
    while (declarations.len > 0) {
        struct slice name, value, one = slice_sub(declarations, 0, css_find(declarations, ";"));
        declarations = slice_from(declarations, one.len + 1);
        if (!slice_cut(css_trim(one), ':', &name, &value))
            continue;
        name = css_trim(name);
        if (name.len <= PROPERTY_LONGEST)
            declare(style, name, value, origin);
    }
}
