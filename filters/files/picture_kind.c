/* SPDX-License-Identifier: ISC */
#include "filters/files/picture_kind.h"

#include "filters/mime/bytes.h"

static const struct {
    struct slice type;
    size_t at;
    struct slice begin;
    enum picture_kind kind;
} signatures[] = {
    {SLICE("image/png"), 0, SLICE("\x89PNG\r\n\x1a\n"), PICTURE_PNG},
    {SLICE("image/jpeg"), 0, SLICE("\xff\xd8\xff"), PICTURE_JPEG},
    {SLICE("image/gif"), 0, SLICE("GIF8"), PICTURE_GIF},
    {SLICE("image/tiff"), 0, SLICE("II*\0"), PICTURE_TIFF},
    {SLICE("image/tiff"), 0, SLICE("MM\0*"), PICTURE_TIFF},
    {SLICE("image/webp"), 8, SLICE("WEBP"), PICTURE_WEBP},
    {SLICE("image/jp2"), 4, SLICE("jP  \r\n\x87\n"), PICTURE_JPEG_2000},
    {SLICE("image/jp2"), 0, SLICE("\xff\x4f\xff\x51"), PICTURE_JPEG_2000},
    {SLICE("image/heif"), 4, SLICE("ftyphei"), PICTURE_HEIF},
    {SLICE("image/heif"), 4, SLICE("ftypmif1"), PICTURE_HEIF},
    {SLICE("image/heif"), 4, SLICE("ftypavi"), PICTURE_HEIF},
    {SLICE("image/bmp"), 0, SLICE("BM"), PICTURE_BMP},
};
enum { SIGNATURES = sizeof signatures / sizeof *signatures };

/* Two letters alone may begin a text: the four octets that are reserved are 0. */
static bool may_be_bitmap(struct slice content)
{
    return bytes_are(content, 6, SLICE("\0\0\0\0"));
}

enum picture_kind picture_kind(struct slice content)
{
    for (int i = 0; i < SIGNATURES; i++)
        if (bytes_are(content, signatures[i].at, signatures[i].begin) &&
            (signatures[i].kind != PICTURE_BMP || may_be_bitmap(content)))
            return signatures[i].kind;
    return PICTURE_NONE;
}

struct slice picture_type(enum picture_kind kind)
{
    for (int i = 0; i < SIGNATURES; i++)
        if (signatures[i].kind == kind)
            return signatures[i].type;
    return SLICE("");
}
