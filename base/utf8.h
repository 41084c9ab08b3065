/* SPDX-License-Identifier: ISC
 * UTF-8 (RFC 3629). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/buf.h"
#include "base/slice.h"

/* Decodes one code point at the start of s (not empty).
 * Returns its length, and 0 when it is not valid UTF-8. */
size_t utf8_next(struct slice s, uint32_t *code);
bool utf8_valid(struct slice s);
bool utf8_append(struct buf *out, uint32_t code);

#endif
