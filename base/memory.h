/* SPDX-License-Identifier: ISC
 * How often memory was not to be had in this process. A buffer at its maximum holds less than there
 * is, as it should; who must know that it was not memory that lacked asks here. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/* Arenas and buffers tell. */
void memory_was_refused(void);

unsigned long memory_refusals(void);

#endif
