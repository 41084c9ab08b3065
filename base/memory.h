/* SPDX-License-Identifier: ISC
 * How often memory was not to be had in this process, and how it is had when it is much. A buffer at
 * its maximum holds less than there is, as it should; who must know that it was not memory that
 * lacked asks here. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* Arenas and buffers tell. */
void memory_was_refused(void);

unsigned long memory_refusals(void);

/* Asks the system to give this memory in large pages, if it is some megabytes: to get it 4 KB at a
 * time is half of what it costs to fill it. */
void memory_in_large_pages(void *memory, size_t size);

#endif
