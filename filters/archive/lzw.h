/* SPDX-License-Identifier: ISC
 * compress(1)'s .Z format: LZW with codes of 9 to 16 bits. Our own, because libarchive cannot be
 * told to read just this. */
#ifndef FILTERS_ARCHIVE_LZW_H
#define FILTERS_ARCHIVE_LZW_H

#include "base/buf.h"

/* Unpacks into `out` until its maximum. Linear in input and output. False when `content` is no .Z
 * file, is damaged (what stands before the damage is in `out`) or does not fit (out->failed). */
bool lzw_unpack(struct slice content, struct buf *out);

#endif
