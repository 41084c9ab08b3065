/* SPDX-License-Identifier: ISC
 * What a Content-Transfer-Encoding means to the most forgiving client. */
#include "filters/mime/mime_internal.h"
#include "filters/mime/params.h"
#include "filters/mime/words.h"

bool slice_icontains(struct slice s, struct slice needle)
{
    for (size_t i = 0; i + needle.len <= s.len; i++)
        if (slice_istarts(slice_from(s, i), needle))
            return true;
    return false;
}

static bool contains(struct slice s, const char *what)
{
    return slice_icontains(s, slice_of(what));
}

static const struct {
    const char *name;
    enum mime_encoding encoding;
} encodings[] = {
    {"7bit", MIME_IDENTITY},       {"8bit", MIME_IDENTITY},  {"binary", MIME_IDENTITY},
    {"quoted-printable", MIME_QP}, {"base64", MIME_BASE64},  {"uuencode", MIME_UUENCODE},
    {"x-uuencode", MIME_UUENCODE}, {"x-uue", MIME_UUENCODE}, {"uue", MIME_UUENCODE},
    {"x-uu", MIME_UUENCODE},
};

static enum mime_encoding guess_encoding(struct arena *arena, struct slice value,
                                         struct malformations *odd)
{
    static const char *const none[] = {"bit",   "binary",   "none", "plain", "utf",
                                       "ascii", "iso-8859", "text", "raw"};
    struct slice text = words_decode(arena, value, odd);
    struct params params;
    if (text.ptr && slice_find(text, '(') < text.len && params_parse(arena, text, 1, &params) &&
        params.main.len)
        text = params.main;
    char *bare = text.ptr ? arena_cstr(arena, text) : NULL;
    size_t n = 0;
    for (size_t i = 0; bare && i < text.len; i++)
        if (text.ptr[i] != '\\')
            bare[n++] = text.ptr[i];
    text = (struct slice){bare, n};
    enum mime_encoding encoding =
        contains(text, "gzip")                                    ? MIME_ENCODING_UNKNOWN
        : contains(text, "base64") || contains(text, "base-64")   ? MIME_BASE64
        : contains(text, "quoted") || contains(text, "printable") ? MIME_QP
        : contains(text, "uu")                                    ? MIME_UUENCODE
                                                                  : MIME_ENCODING_UNKNOWN;
    for (size_t i = 0; i < sizeof none / sizeof *none && encoding == MIME_ENCODING_UNKNOWN; i++)
        if (text.len == 0 || contains(text, none[i]))
            encoding = MIME_IDENTITY;
    malformations_add(odd, encoding == MIME_IDENTITY           ? MALFORMATION_ENCODING_ODD
                           : encoding == MIME_ENCODING_UNKNOWN ? MALFORMATION_ENCODING_UNKNOWN
                                                               : MALFORMATION_ENCODING_SYNTAX);
    return encoding;
}

enum mime_encoding mime_encoding_of(struct arena *arena, struct slice value,
                                    struct malformations *odd)
{
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
        if (slice_ieq(value, slice_of(encodings[i].name)))
            return encodings[i].encoding;
    return guess_encoding(arena, value, odd);
}
