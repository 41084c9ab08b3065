/* SPDX-License-Identifier: ISC
 * What kind of picture some octets are, by how they begin. */
#ifndef FILTERS_FILES_PICTURE_KIND_H
#define FILTERS_FILES_PICTURE_KIND_H

#include "base/slice.h"

#include <stdbool.h>

enum picture_kind {
    PICTURE_NONE,
    PICTURE_PNG,
    PICTURE_JPEG,
    PICTURE_GIF,
    PICTURE_BMP,
    PICTURE_TIFF,
    PICTURE_WEBP,
    PICTURE_JPEG_2000,
    PICTURE_HEIF, /* HEIC and AVIF too */
    PICTURE_KINDS,
};

enum picture_kind picture_kind(struct slice content);

/* The kinds that are read for codes, of a bit for each. */
#define PICTURES_READ (1U << PICTURE_PNG | 1U << PICTURE_JPEG)

static inline bool picture_is_read(enum picture_kind kind)
{
    return PICTURES_READ & 1U << kind;
}

/* Its media type; PICTURE_NONE has none. */
struct slice picture_type(enum picture_kind kind);

#endif
