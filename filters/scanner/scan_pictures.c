/* SPDX-License-Identifier: ISC */
#include "filters/scanner/scan_pictures.h"

void scan_pictures_pack(struct buf *out, const struct scan_pictures *pictures)
{
    pack_u32(out, (uint32_t)pictures->count);
    for (size_t i = 0; i < pictures->count; i++)
        pack_u32(out, pictures->parts[i]);
}

bool scan_pictures_unpack(struct unpack *in, struct scan_pictures *pictures)
{
    size_t count = unpack_u32(in);
    if (in->bad || count > SCAN_PICTURES_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        pictures->parts[i] = unpack_u32(in);
        if (i > 0 && pictures->parts[i] <= pictures->parts[i - 1])
            return false;
    }
    pictures->count = count;
    return !in->bad;
}
