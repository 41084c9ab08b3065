/* SPDX-License-Identifier: ISC */
#include "filters/mime/charset_encode.h"

#include <stddef.h>

enum { LETTERS_FROM = 0xc0, LETTERS_TO = 0x180 };

/* Without their marks; a blank: see below, or there is none. */
static const char letters[] = "AAAAAA CEEEEIIIIDNOOOOOxOUUUUY  aaaaaa ceeeeiiiidnooooo/ouuuuy y"
                              "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi  JjKkkLlLlLlLlLl"
                              "NnNnNn NnOoOoOo  RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
_Static_assert(sizeof letters - 1 == LETTERS_TO - LETTERS_FROM, "each has its own");

struct slice charset_near(uint32_t code)
{
    static const struct {
        uint32_t code;
        const char *near;
    } others[] = {
        {0xa0, " "},     {0xa9, "(c)"},   {0xab, "\""},   {0xad, ""},      {0xae, "(R)"},
        {0xb4, "'"},     {0xb7, "-"},     {0xbb, "\""},   {0xc6, "AE"},    {0xde, "Th"},
        {0xdf, "ss"},    {0xe6, "ae"},    {0xfe, "th"},   {0x132, "IJ"},   {0x133, "ij"},
        {0x149, "'n"},   {0x152, "OE"},   {0x153, "oe"},  {0x218, "S"},    {0x219, "s"},
        {0x21a, "T"},    {0x21b, "t"},    {0x1e9e, "SS"}, {0x200b, ""},    {0x2010, "-"},
        {0x2011, "-"},   {0x2012, "-"},   {0x2013, "-"},  {0x2014, "-"},   {0x2018, "'"},
        {0x2019, "'"},   {0x201a, "'"},   {0x201c, "\""}, {0x201d, "\""},  {0x201e, "\""},
        {0x2022, "*"},   {0x2026, "..."}, {0x202f, " "},  {0x2039, "'"},   {0x203a, "'"},
        {0x20ac, "EUR"}, {0x2122, "TM"},  {0x2192, "->"}, {0x26a0, "(!)"}, {0xfe0f, ""},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i].code == code)
            return slice_of(others[i].near);
    if (code < LETTERS_FROM || code >= LETTERS_TO || letters[code - LETTERS_FROM] == ' ')
        return (struct slice){NULL, 0};
    return (struct slice){letters + (code - LETTERS_FROM), 1};
}
