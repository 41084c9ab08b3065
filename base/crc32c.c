/* SPDX-License-Identifier: ISC */
#include "base/crc32c.h"

enum { BITS = 8 };

uint32_t crc32c(uint32_t sum, struct slice bytes)
{
    const uint32_t polynomial = 0x82f63b78; /* reflected */
    sum = ~sum;
    for (size_t i = 0; i < bytes.len; i++) {
        sum ^= (unsigned char)bytes.ptr[i];
        for (int bit = 0; bit < BITS; bit++)
            sum = sum >> 1 ^ (sum & 1 ? polynomial : 0);
    }
    return ~sum;
}
