/* SPDX-License-Identifier: ISC
 * Checked reads of numbers from hostile bytes:
 * what is outside reads as 0. Ask `bytes_has` where that matters. */
#ifndef FILTERS_MIME_BYTES_H
#define FILTERS_MIME_BYTES_H

#include "base/slice.h"

static inline bool bytes_has(struct slice s, uint64_t at, uint64_t len)
{
    return at <= s.len && len <= s.len - at;
}

static inline uint8_t bytes_u8(struct slice s, uint64_t at)
{
    return at < s.len ? (uint8_t)s.ptr[at] : 0;
}

static inline uint16_t bytes_le16(struct slice s, uint64_t at)
{
    if (!bytes_has(s, at, 2))
        return 0;
    return (uint16_t)(bytes_u8(s, at) | bytes_u8(s, at + 1) << 8);
}

static inline uint32_t bytes_le32(struct slice s, uint64_t at)
{
    if (!bytes_has(s, at, 4))
        return 0;
    return bytes_le16(s, at) | (uint32_t)bytes_le16(s, at + 2) << 16;
}

static inline uint64_t bytes_le64(struct slice s, uint64_t at)
{
    if (!bytes_has(s, at, 8))
        return 0;
    return bytes_le32(s, at) | (uint64_t)bytes_le32(s, at + 4) << 32;
}

/* Do the bytes at `at` begin with `what`? */
static inline bool bytes_are(struct slice s, uint64_t at, struct slice what)
{
    return bytes_has(s, at, what.len) && slice_eq(slice_sub(s, at, at + what.len), what);
}

#endif
