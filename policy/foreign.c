/* SPDX-License-Identifier: ISC */
#include "policy/foreign.h"

#include "base/utf8.h"

struct foreign {
    struct slice begins, ends; /* ends: empty: it stands alone */
    const char *hint;
};

#define QUOTES "expected straight quotes, \"...\"; these are what word processors make of them"
#define ONE_QUOTE "a text stands in double quotes, \"...\""
#define SUMS "conditions compare and do no sums"
#define TEXT(literal)                                                                              \
    {                                                                                              \
        ("" literal), sizeof(literal) - 1                                                          \
    }
#define DASH "this is a dash; expected -"

/* Longer ones before what they begin with. */
static const struct foreign known[] = {
    {TEXT("\u201c"), TEXT("\u201d"), QUOTES},
    {TEXT("\u201e"), TEXT("\u201c"), QUOTES},
    {TEXT("\u201d"), TEXT("\u201d"), QUOTES},
    {TEXT("\u00ab"), TEXT("\u00bb"), QUOTES},
    {TEXT("\u00bb"), TEXT("\u00ab"), QUOTES},
    {TEXT("\u2018"), TEXT("\u2019"), QUOTES},
    {TEXT("\u2019"), TEXT("\u2019"), QUOTES},
    {TEXT("'"), TEXT("'"), ONE_QUOTE},
    {TEXT("`"), TEXT("`"), ONE_QUOTE},
    {TEXT("&&"), TEXT(""), "expected the word and"},
    {TEXT("&"), TEXT(""), "expected the word and"},
    {TEXT("||"), TEXT(""), "expected the word or"},
    {TEXT("|"), TEXT(""), "expected the word or"},
    {TEXT("+"), TEXT(""), SUMS},
    {TEXT("*"), TEXT(""), SUMS},
    {TEXT("%"), TEXT(""), SUMS},
    {TEXT(";"), TEXT(""), "no semicolon is needed: a sentence ends where the next begins"},
    {TEXT("\u00a0"), TEXT(""), "this blank is a no-break space; expected an ordinary one"},
    {TEXT("\ufeff"), TEXT(""),
     "a byte order mark stands here, which may only be the first of a file (were files joined?)"},
    {TEXT("\u2013"), TEXT(""), DASH},
    {TEXT("\u2014"), TEXT(""), DASH},
};

/* With what ends it, if that comes on the same line. */
static size_t extent(const struct foreign *foreign, struct slice text)
{
    struct slice rest = slice_from(text, foreign->begins.len);
    rest = slice_sub(rest, 0, slice_find(rest, '\n'));
    size_t at = foreign->ends.len ? slice_search(rest, foreign->ends) : rest.len;
    return foreign->begins.len + (at < rest.len ? at + foreign->ends.len : 0);
}

const char *foreign_hint(struct slice text, size_t *len)
{
    uint32_t code;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (slice_starts(text, known[i].begins)) {
            *len = extent(&known[i], text);
            return known[i].hint;
        }
    *len = utf8_next(text, &code);
    *len += *len == 0;
    return "this character has no meaning here";
}
