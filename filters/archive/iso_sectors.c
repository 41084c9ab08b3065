/* SPDX-License-Identifier: ISC
 * How the sectors of a CD lie in a file: alone, or as they are on the disc, with a sync pattern and
 * a header before, error correction behind, and perhaps subchannels (ECMA-130, clause 14). */
#include "filters/archive/iso.h"
#include "filters/archive/iso_internal.h"
#include "filters/mime/bytes.h"

#include <string.h>

static const struct framing {
    size_t stride, data;
} framings[] = {
    {ISO_SECTOR, 0}, {2352, 16}, {2352, 24}, {2336, 8}, {2448, 16}, {2448, 24},
};

enum { LOOKED_AT = 3 }; /* sectors that may be the first descriptor */

static bool is_descriptor(struct slice content, uint64_t at)
{
    uint8_t type = bytes_u8(content, at);
    return bytes_are(content, at + 1, SLICE("CD001")) && (type <= 3 || type == 255);
}

static const struct framing *framing_of(struct slice content)
{
    for (size_t i = 0; i < sizeof framings / sizeof *framings; i++)
        for (size_t k = 0; k < LOOKED_AT; k++)
            if (is_descriptor(content,
                              (ISO_FIRST_DESCRIPTOR + k) * framings[i].stride + framings[i].data))
                return &framings[i];
    return NULL;
}

bool iso_is(struct slice content)
{
    return framing_of(content) != NULL;
}

struct slice iso_sectors(struct arena *arena, struct slice content)
{
    const struct framing *f = framing_of(content);
    if (!f || f->stride == ISO_SECTOR)
        return f ? content : (struct slice){0};
    size_t sectors = content.len / f->stride;
    char *data = arena_array(arena, sectors, ISO_SECTOR);
    for (size_t i = 0; data && i < sectors; i++)
        memcpy(data + i * ISO_SECTOR, content.ptr + i * f->stride + f->data, ISO_SECTOR);
    return (struct slice){data, data ? sectors * ISO_SECTOR : 0};
}
