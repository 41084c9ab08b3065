/* SPDX-License-Identifier: ISC
 * What is to be redacted, and where it stands, as bytes in jobs and answers. */
#ifndef FILTERS_SCANNER_SCAN_REDACTION_H
#define FILTERS_SCANNER_SCAN_REDACTION_H

#include "base/ipc.h"
#include "filters/redaction.h"

enum { OVERLAY_BYTES = 8 + 8 + 1 };

/* NULL: nothing is. */
void redaction_wanted_pack(struct buf *out, const struct redaction_wanted *wanted);
/* False: malformed. */
bool redaction_wanted_unpack(struct unpack *in, struct arena *arena,
                             const struct redaction_wanted **wanted);

void overlays_pack(struct buf *out, const struct overlay_range *overlays, size_t count);
/* False: malformed, or not in order and apart. */
bool overlays_unpack(struct unpack *in, struct arena *arena, const struct overlay_range **overlays,
                     size_t *count);

#endif
