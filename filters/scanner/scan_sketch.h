/* SPDX-License-Identifier: ISC
 * What a message has in common with others of its campaign (filters/spam/campaign_sketch.h), in the
 * answer of a scanner. */
#ifndef FILTERS_SCANNER_SCAN_SKETCH_H
#define FILTERS_SCANNER_SCAN_SKETCH_H

#include "base/ipc.h"
#include "filters/spam/campaign_sketch.h"

enum { SCAN_SKETCH_BYTES = 1 + 8 * CAMPAIGN_DIGESTS };

void scan_sketch_pack(struct buf *out, const struct campaign_sketch *sketch);
/* From anybody. False: it is none. */
bool scan_sketch_unpack(struct unpack *in, struct campaign_sketch *sketch);

#endif
