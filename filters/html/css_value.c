/* SPDX-License-Identifier: ISC */
#include "filters/html/css_value.h"

#include "filters/html/html_style.h"

enum {
    THOUSAND = 1000,
    DIGITS_MAX = 9,
    LEGIBLE_LEAST = 2 * THOUSAND, /* pixels */
    FAR_OUTSIDE = -500 * THOUSAND,
    VISIBLE_LEAST = 50,   /* thousandths of opacity, */
    RELATIVE_LEAST = 100, /* ... and of the size of what is around */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

struct slice css_trim_blanks(struct slice text)
{
    while (text.len > 0 && is_blank(text.ptr[0]))
        text = slice_from(text, 1);
    while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

/* Up to the next blank outside of parentheses, which is passed. */
static struct slice next_word(struct slice *text)
{
    size_t end = css_find(*text, " \t\n\r\f");
    struct slice word = slice_sub(*text, 0, end);
    *text = css_trim_blanks(slice_from(*text, end));
    return word;
}

/* ---- numbers ---- */

static struct slice take_digits(struct slice text, int64_t *number, size_t most, size_t *count)
{
    size_t n = 0;
    for (*count = 0; n < text.len && ascii_digit(text.ptr[n]); n++)
        if (*count < most) {
            *number = *number * 10 + (text.ptr[n] - '0');
            ++*count;
        }
    return slice_from(text, n);
}

bool css_number(struct slice text, int64_t *thousandths, struct slice *rest)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    size_t whole, behind = 0;
    int64_t number = 0;
    if (negative || (text.len > 0 && text.ptr[0] == '+'))
        text = slice_from(text, 1);
    text = take_digits(text, &number, DIGITS_MAX, &whole);
    if (text.len > 1 && text.ptr[0] == '.' && ascii_digit(text.ptr[1]))
        text = take_digits(slice_from(text, 1), &number, 3, &behind);
    if (whole + behind == 0)
        return false;
    for (; behind < 3; behind++)
        number *= 10;
    *thousandths = negative ? -number : number;
    *rest = text;
    return true;
}

static bool is_relative(struct slice unit)
{
    static const struct slice units[] = {SLICE("em"), SLICE("%"), SLICE("ex"), SLICE("ch")};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (slice_ieq(unit, units[i]))
            return true;
    return false;
}

/* Those of print are larger than a pixel. */
static bool is_unit(struct slice unit)
{
    static const struct slice units[] = {SLICE("px"), SLICE("pt"), SLICE("rem"),  SLICE("in"),
                                         SLICE("cm"), SLICE("mm"), SLICE("pc"),   SLICE("q"),
                                         SLICE("vw"), SLICE("vh"), SLICE("vmin"), SLICE("vmax"),
                                         SLICE("")};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (slice_ieq(unit, units[i]))
            return true;
    return is_relative(unit);
}

static bool is_word(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if (!ascii_alpha(value.ptr[i]) && value.ptr[i] != '-')
            return false;
    return value.len > 0;
}

uint32_t css_size(struct slice value)
{
    int64_t number;
    struct slice unit;
    if (!css_number(value, &number, &unit))
        return slice_ieq(value, SLICE("inherit")) || slice_ieq(value, SLICE("unset"))
                   ? SIZE_OF_PARENT
               : is_word(value) ? SIZE_LEGIBLE
                                : STYLE_UNSET;
    if (!is_unit(unit) || number < 0)
        return STYLE_UNSET;
    if (number == 0)
        return SIZE_NOTHING;
    if (is_relative(unit))
        return number < RELATIVE_LEAST ? SIZE_NOTHING : SIZE_OF_PARENT;
    bool pixels = slice_ieq(unit, SLICE("px")) || slice_ieq(unit, SLICE("pt"));
    return pixels && number < LEGIBLE_LEAST ? SIZE_NOTHING : SIZE_LEGIBLE;
}

/* "bold 12px/1.5 Arial": the first number that has a unit, or is zero, is its size; a weight has
 * none. */
uint32_t css_font(struct slice value)
{
    while (value.len > 0) {
        int64_t number;
        struct slice rest, word = next_word(&value);
        word = slice_sub(word, 0, slice_find(word, '/'));
        if (css_number(word, &number, &rest) && (rest.len > 0 || number == 0))
            return css_size(word);
    }
    return STYLE_UNSET;
}

uint32_t css_opacity(struct slice value)
{
    int64_t number;
    struct slice unit;
    if (!css_number(value, &number, &unit))
        return STYLE_UNSET;
    if (slice_eq(unit, SLICE("%")))
        number /= 100;
    else if (unit.len > 0)
        return STYLE_UNSET;
    return number < VISIBLE_LEAST ? STYLE_HIDES : STYLE_SHOWS;
}

uint32_t css_length(struct slice value)
{
    int64_t number;
    struct slice unit;
    if (!css_number(value, &number, &unit))
        return value.len ? STYLE_SHOWS : STYLE_UNSET;
    return !is_unit(unit) ? STYLE_UNSET : number == 0 ? STYLE_HIDES : STYLE_SHOWS;
}

uint32_t css_offset(struct slice value)
{
    int64_t number;
    struct slice unit;
    if (!css_number(value, &number, &unit))
        return value.len ? STYLE_SHOWS : STYLE_UNSET;
    return number <= FAR_OUTSIDE || (slice_ieq(unit, SLICE("em")) && number <= FAR_OUTSIDE / 10)
               ? STYLE_HIDES
               : STYLE_SHOWS;
}

/* ---- words ---- */

struct meaning {
    struct slice word;
    uint32_t value;
};

static uint32_t look_up(struct slice value, const struct meaning *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_ieq(value, words[i].word))
            return words[i].value;
    return STYLE_UNSET;
}

#define LOOK_UP(value, words) look_up(value, words, sizeof(words) / sizeof *(words))

uint32_t css_display(struct slice value)
{
    static const struct meaning words[] = {
        {SLICE("none"), DISPLAY_NONE},           {SLICE("inline"), DISPLAY_INLINE},
        {SLICE("inline-block"), DISPLAY_INLINE}, {SLICE("inline-flex"), DISPLAY_INLINE},
        {SLICE("inline-grid"), DISPLAY_INLINE},  {SLICE("inline-table"), DISPLAY_INLINE},
        {SLICE("contents"), DISPLAY_INLINE},     {SLICE("block"), DISPLAY_BLOCK},
        {SLICE("flex"), DISPLAY_BLOCK},          {SLICE("grid"), DISPLAY_BLOCK},
        {SLICE("flow-root"), DISPLAY_BLOCK},     {SLICE("list-item"), DISPLAY_BLOCK},
        {SLICE("table"), DISPLAY_BLOCK},         {SLICE("table-row"), DISPLAY_BLOCK},
        {SLICE("table-cell"), DISPLAY_CELL},     {SLICE("table-row-group"), DISPLAY_BLOCK},
        {SLICE("inherit"), DISPLAY_INLINE},      {SLICE("initial"), DISPLAY_INLINE},
        {SLICE("unset"), DISPLAY_INLINE},        {SLICE("revert"), DISPLAY_INLINE},
    };
    uint32_t known = LOOK_UP(value, words);
    bool of_a_vendor = value.len > 0 && value.ptr[0] == '-';
    return known ? known : of_a_vendor ? DISPLAY_BLOCK : STYLE_UNSET;
}

uint32_t css_visibility(struct slice value)
{
    static const struct meaning words[] = {
        {SLICE("hidden"), STYLE_HIDES},  {SLICE("collapse"), STYLE_HIDES},
        {SLICE("visible"), STYLE_SHOWS}, {SLICE("initial"), STYLE_SHOWS},
        {SLICE("inherit"), STYLE_UNSET},
    };
    return LOOK_UP(value, words);
}

uint32_t css_overflow(struct slice value)
{
    struct slice rest = value, first = next_word(&rest);
    bool hides = slice_ieq(first, SLICE("hidden")) || slice_ieq(first, SLICE("clip"));
    return value.len == 0 ? STYLE_UNSET : hides ? STYLE_HIDES : STYLE_SHOWS;
}

uint32_t css_position(struct slice value)
{
    bool out = slice_ieq(value, SLICE("absolute")) || slice_ieq(value, SLICE("fixed"));
    return value.len == 0 ? STYLE_UNSET : out ? STYLE_HIDES : STYLE_SHOWS;
}

/* ---- colours ---- */

uint32_t css_image(struct slice value)
{
    bool has = slice_find(value, '(') < value.len && !slice_istarts(value, SLICE("rgb")) &&
               !slice_istarts(value, SLICE("hsl"));
    return value.len == 0 ? STYLE_UNSET : has ? STYLE_HIDES : STYLE_SHOWS;
}

uint32_t css_colour(struct slice value)
{
    return html_colour(value, false);
}

uint32_t css_background(struct slice value)
{
    uint32_t found = value.len ? COLOUR_CLEAR : STYLE_UNSET;
    while (value.len > 0) {
        struct slice word = next_word(&value);
        uint32_t colour = html_colour(word, false);
        if (colour != STYLE_UNSET && colour != COLOUR_UNKNOWN)
            return colour;
        if (colour == COLOUR_UNKNOWN && slice_find(word, '(') < word.len &&
            !slice_istarts(word, SLICE("url")))
            found = COLOUR_UNKNOWN;
    }
    return found;
}
