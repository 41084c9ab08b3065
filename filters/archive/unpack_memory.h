/* SPDX-License-Identifier: ISC
 * libarchive takes as much memory as an archive asks for: a dictionary, a model, the data of a
 * program in a RAR, which it fills. It has no bound of its own, and some of it no header tells. So
 * its allocations are counted, the large ones, of all archives that are open (one in another). */
#ifndef FILTERS_ARCHIVE_UNPACK_MEMORY_H
#define FILTERS_ARCHIVE_UNPACK_MEMORY_H

#include <stdbool.h>

/* Around each call of libarchive that may allocate or free. */
void unpack_memory_enter(void);

/* True: more was asked for since the last entry than there is, and was refused. */
bool unpack_memory_leave(void);

#endif
