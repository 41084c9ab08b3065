/* SPDX-License-Identifier: ISC
 * Places for a banner as bytes. */
#ifndef FILTERS_SCANNER_SCAN_BANNER_H
#define FILTERS_SCANNER_SCAN_BANNER_H

#include "base/ipc.h"
#include "filters/banner/banner.h"

enum {
    BANNER_PLACE_BYTES = 4 + 8 + 4,
    BANNER_PLACES_BYTES = 2 + BANNER_PLACES_MAX * BANNER_PLACE_BYTES,
};

void banner_places_pack(struct buf *out, const struct banner_places *places);
/* False: malformed. `places` lie in order, and say nothing that banner_write cannot take. */
bool banner_places_unpack(struct unpack *in, struct banner_places *places);

#endif
