/* SPDX-License-Identifier: ISC */
#include "base/siphash.h"

uint64_t siphash(const uint64_t key[static 2], struct slice bytes)
{
    struct siphash s = siphash_begin(key);
    size_t at = 0;
    for (; bytes.len - at >= 8; at += 8)
        siphash_mix(&s, siphash_word(bytes.ptr + at, 8), 2);
    siphash_mix(&s, siphash_word(bytes.ptr + at, bytes.len - at) | (uint64_t)bytes.len << 56, 2);
    return siphash_end(s, 4);
}
