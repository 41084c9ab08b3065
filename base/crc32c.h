/* SPDX-License-Identifier: ISC
 * CRC-32C (Castagnoli; RFC 3720 B.4), for few octets: it is computed bit by bit. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include "base/slice.h"

/* Goes on from the sum of what stands before; 0 at the beginning. */
uint32_t crc32c(uint32_t sum, struct slice bytes);

#endif
