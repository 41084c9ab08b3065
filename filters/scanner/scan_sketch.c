/* SPDX-License-Identifier: ISC */
#include "filters/scanner/scan_sketch.h"

/* What there is of it; each needs what stands before it. */
enum { NONE, MADE, WITH_TEXT, WITH_STRUCTURE, FORMS };

static size_t digests_of(const struct campaign_sketch *sketch)
{
    return sketch->structure ? CAMPAIGN_DIGESTS : sketch->text ? CAMPAIGN_TEXT : 0;
}

void scan_sketch_pack(struct buf *out, const struct campaign_sketch *sketch)
{
    pack_u8(out, sketch->structure ? WITH_STRUCTURE
                 : sketch->text    ? WITH_TEXT
                 : sketch->made    ? MADE
                                   : NONE);
    for (size_t i = 0; i < digests_of(sketch); i++)
        pack_u64(out, sketch->digests[i]);
}

bool scan_sketch_unpack(struct unpack *in, struct campaign_sketch *sketch)
{
    uint8_t form = unpack_u8(in);
    *sketch = (struct campaign_sketch){
        .made = form >= MADE, .text = form >= WITH_TEXT, .structure = form >= WITH_STRUCTURE};
    for (size_t i = 0; i < digests_of(sketch); i++)
        sketch->digests[i] = unpack_u64(in);
    return !in->bad && form < FORMS;
}
