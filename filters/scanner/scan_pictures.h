/* SPDX-License-Identifier: ISC
 * Where pictures are, as bytes: in a job and in an answer. */
#ifndef FILTERS_SCANNER_SCAN_PICTURES_H
#define FILTERS_SCANNER_SCAN_PICTURES_H

#include "filters/scanner/scan_job.h"

enum { SCAN_PICTURES_BYTES = 4 + 4 * SCAN_PICTURES_MAX }; /* that it takes at most */

void scan_pictures_pack(struct buf *out, const struct scan_pictures *pictures);
/* False: it is malformed. */
bool scan_pictures_unpack(struct unpack *in, struct scan_pictures *pictures);

#endif
