/* SPDX-License-Identifier: ISC */
#include "filters/files/inert.h"

#include "filters/files/filetype.h"
#include "filters/mime/bytes.h"

struct signature {
    size_t at;
    struct slice magic;
};

static bool has_one(struct slice content, const struct signature *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_are(content, list[i].at, list[i].magic))
            return true;
    return false;
}

static bool is_medium(struct slice content)
{
    static const struct signature list[] = {
        {0, SLICE("\x89PNG\r\n\x1a\n")},
        {0, SLICE("\xff\xd8\xff")},
        {0, SLICE("GIF8")},
        {0, SLICE("RIFF")},
        {0, SLICE("\0\0\1\0")},
        {0, SLICE("\0\0\2\0")},
        {0, SLICE("II*\0")},
        {0, SLICE("MM\0*")},
        {0, SLICE("wOFF")},
        {0, SLICE("wOF2")},
        {0, SLICE("OTTO")},
        {0, SLICE("\0\1\0\0\0")},
        {34, SLICE("LP")},
        {0, SLICE("OggS")},
        {0, SLICE("ID3")},
        {4, SLICE("ftyp")},
        {0, SLICE("\x1a\x45\xdf\xa3")},
    };
    return has_one(content, list, sizeof list / sizeof *list);
}

static bool is_bitmap(struct slice content)
{
    return slice_starts(content, SLICE("BM")) && bytes_le32(content, 2) == content.len;
}

/* Programs for archives find one behind anything. */
static bool holds_archive(struct slice content)
{
    static const struct slice list[] = {SLICE("PK\3\4"), SLICE("Rar!\x1a\x07"),
                                        SLICE("7z\xbc\xaf\x27\x1c")};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (slice_search(content, list[i]) < content.len)
            return true;
    return false;
}

static bool holds_word(struct slice text, struct slice word)
{
    for (size_t i = 0; i + word.len <= text.len; i++)
        if (ascii_lower(text.ptr[i]) == word.ptr[0] && slice_istarts(slice_from(text, i), word))
            return true;
    return false;
}

/* A blank, "on", letters, '=': what is done on a click, on a load ... */
static bool holds_handler(struct slice text)
{
    for (size_t i = 0; i + 4 < text.len; i++) {
        size_t at = i + 3;
        if ((unsigned char)text.ptr[i] > ' ' ||
            !slice_istarts(slice_from(text, i + 1), SLICE("on")))
            continue;
        while (at < text.len && ascii_alpha(text.ptr[at]))
            at++;
        if (at > i + 3 && at < text.len && text.ptr[at] == '=')
            return true;
    }
    return false;
}

static bool is_drawing(struct slice type, struct slice content)
{
    static const struct slice active[] = {
        SLICE("<script"), SLICE(":script"),       SLICE("javascript:"), SLICE("data:"),
        SLICE("&#"),      SLICE("foreignobject"), SLICE("<!entity"),    SLICE("<iframe"),
        SLICE("<embed"),  SLICE("<object")};
    if (!slice_istarts(type, SLICE("image/svg")))
        return false;
    for (size_t i = 0; i < sizeof active / sizeof *active; i++)
        if (holds_word(content, active[i]))
            return false;
    return !holds_handler(content);
}

bool inert_picture(struct slice type, struct slice content)
{
    if (is_medium(content) || is_bitmap(content))
        return !holds_archive(content);
    return filetype_by_signature(content).len == 0 && is_drawing(type, content);
}

bool inert_words(struct slice type, struct slice content)
{
    static const struct slice types[] = {SLICE(""), SLICE("text/plain"), SLICE("text/css"),
                                         SLICE("application/json")};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (slice_ieq(type, types[i]))
            return filetype_by_signature(content).len == 0;
    return content.len == 0;
}
