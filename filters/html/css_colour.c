/* SPDX-License-Identifier: ISC */
#include "filters/html/css_value.h"
#include "filters/html/html_style.h"

enum { CHANNELS = 3, FULL = 255, THOUSAND = 1000, VISIBLE_LEAST = 50 };

/* Those of which texts are hidden most. What other words stand for is not known here. */
static const struct {
    struct slice name;
    uint32_t value;
} names[] = {
    {SLICE("white"), COLOUR_KNOWN | 0xffffff},      {SLICE("black"), COLOUR_KNOWN | 0x000000},
    {SLICE("transparent"), COLOUR_CLEAR},           {SLICE("red"), COLOUR_KNOWN | 0xff0000},
    {SLICE("green"), COLOUR_KNOWN | 0x008000},      {SLICE("blue"), COLOUR_KNOWN | 0x0000ff},
    {SLICE("yellow"), COLOUR_KNOWN | 0xffff00},     {SLICE("gray"), COLOUR_KNOWN | 0x808080},
    {SLICE("grey"), COLOUR_KNOWN | 0x808080},       {SLICE("silver"), COLOUR_KNOWN | 0xc0c0c0},
    {SLICE("maroon"), COLOUR_KNOWN | 0x800000},     {SLICE("navy"), COLOUR_KNOWN | 0x000080},
    {SLICE("lime"), COLOUR_KNOWN | 0x00ff00},       {SLICE("aqua"), COLOUR_KNOWN | 0x00ffff},
    {SLICE("teal"), COLOUR_KNOWN | 0x008080},       {SLICE("fuchsia"), COLOUR_KNOWN | 0xff00ff},
    {SLICE("purple"), COLOUR_KNOWN | 0x800080},     {SLICE("olive"), COLOUR_KNOWN | 0x808000},
    {SLICE("orange"), COLOUR_KNOWN | 0xffa500},     {SLICE("snow"), COLOUR_KNOWN | 0xfffafa},
    {SLICE("whitesmoke"), COLOUR_KNOWN | 0xf5f5f5}, {SLICE("ghostwhite"), COLOUR_KNOWN | 0xf8f8ff},
    {SLICE("ivory"), COLOUR_KNOWN | 0xfffff0},      {SLICE("lightgrey"), COLOUR_KNOWN | 0xd3d3d3},
    {SLICE("lightgray"), COLOUR_KNOWN | 0xd3d3d3},
};

/* "fff", "ffff", "ffffff", "ffffffff"; the fourth is how opaque it is. */
static uint32_t of_hex(struct slice digits)
{
    uint32_t channel[CHANNELS + 1] = {[CHANNELS] = FULL};
    size_t each = digits.len <= CHANNELS + 1 ? 1 : 2, count = digits.len / each;
    if (digits.len % each != 0 || count < CHANNELS || count > CHANNELS + 1)
        return STYLE_UNSET;
    for (size_t i = 0; i < count; i++) {
        int high = hex_digit(digits.ptr[i * each]),
            low = hex_digit(digits.ptr[i * each + each - 1]);
        if (high < 0 || low < 0)
            return STYLE_UNSET;
        channel[i] = (uint32_t)(high * 16 + low);
    }
    return channel[CHANNELS] * THOUSAND < VISIBLE_LEAST * FULL
               ? COLOUR_CLEAR
               : COLOUR_KNOWN | channel[0] << 16 | channel[1] << 8 | channel[2];
}

static uint32_t to_channel(int64_t thousandths, struct slice unit)
{
    int64_t value = slice_starts(unit, SLICE("%")) ? thousandths * FULL / 100 : thousandths;
    int64_t channel = value / THOUSAND;
    return channel <= 0 ? 0 : channel >= FULL ? FULL : (uint32_t)channel;
}

/* rgb(255, 255, 255), rgba(100% 100% 100% / 0) */
static uint32_t of_function(struct slice within)
{
    uint32_t channel[CHANNELS] = {0};
    int64_t number, opaque = THOUSAND;
    size_t count = 0;
    for (; within.len > 0 && count <= CHANNELS; within = slice_from(within, 1)) {
        if (!css_number(within, &number, &within))
            continue;
        if (count == CHANNELS)
            opaque = slice_starts(within, SLICE("%")) ? number / 100 : number;
        else
            channel[count] = to_channel(number, within);
        count++;
        if (within.len == 0)
            break;
    }
    if (count < CHANNELS)
        return COLOUR_UNKNOWN;
    return opaque < VISIBLE_LEAST ? COLOUR_CLEAR
                                  : COLOUR_KNOWN | channel[0] << 16 | channel[1] << 8 | channel[2];
}

uint32_t html_colour(struct slice text, bool legacy)
{
    text = css_trim(text);
    if (text.len == 0)
        return STYLE_UNSET;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_ieq(text, names[i].name))
            return names[i].value;
    if (text.ptr[0] == '#')
        return of_hex(slice_from(text, 1));
    uint32_t bare = legacy && (text.len == 3 || text.len == 6) ? of_hex(text) : STYLE_UNSET;
    if (bare != STYLE_UNSET)
        return bare;
    if (slice_istarts(text, SLICE("rgb")) && slice_find(text, '(') < text.len)
        return of_function(slice_from(text, slice_find(text, '(') + 1));
    return COLOUR_UNKNOWN;
}
