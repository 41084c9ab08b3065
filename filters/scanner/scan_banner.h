/* SPDX-License-Identifier: ISC
 * Places for banners and disclaimers as bytes. */
#ifndef FILTERS_SCANNER_SCAN_BANNER_H
#define FILTERS_SCANNER_SCAN_BANNER_H

#include "base/ipc.h"
#include "filters/banner/banner.h"

enum {
    BANNER_PLACE_BYTES = 4 + 8 + 4,
    BANNER_PLACES_BYTES = 2 + BANNER_PLACES_MAX * BANNER_PLACE_BYTES,
    BANNER_SITES_BYTES = BANNER_SPOTS * BANNER_PLACES_BYTES,
};

void banner_sites_pack(struct buf *out, const struct banner_sites *sites);
/* False: malformed. Places of one spot lie in order, and say nothing that banner_write cannot take. */
bool banner_sites_unpack(struct unpack *in, struct banner_sites *sites);

#endif
