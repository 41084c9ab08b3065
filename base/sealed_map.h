/* SPDX-License-Identifier: ISC
 * Looking into a memfd that somebody else has made, and that nobody can change or cut any more. */
#ifndef BASE_SEALED_MAP_H
#define BASE_SEALED_MAP_H

#include "base/slice.h"

/* All of it, at most `most` octets. `fd` stays the caller's. ptr NULL: it is not sealed, larger, or
 * cannot be mapped. */
struct slice sealed_map(int fd, uint64_t most);
void sealed_unmap(struct slice octets);

#endif
