/* SPDX-License-Identifier: ISC
 * A look at a disk image's folders before libarchive sees them: its 3.6 writes beyond its memory
 * when a Joliet path fills its 1024 bytes. */
#ifndef FILTERS_ARCHIVE_ISO_PATHS_H
#define FILTERS_ARCHIVE_ISO_PATHS_H

#include "base/arena.h"

/* Are all paths of all volume descriptors of `content` (ISO 9660, 2048 bytes a sector) short
 * enough? False also when there are too many folders to tell, or `scratch` is full. */
bool iso_paths_bounded(struct arena *scratch, struct slice content);

#endif
