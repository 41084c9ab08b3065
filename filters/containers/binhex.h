/* SPDX-License-Identifier: ISC
 * BinHex 4.0 (RFC 1741, its appendix): a Macintosh file written as text, with its name and its two
 * forks, of which other systems keep the data fork. */
#ifndef FILTERS_CONTAINERS_BINHEX_H
#define FILTERS_CONTAINERS_BINHEX_H

#include "base/buf.h"

struct binhex {
    struct slice name; /* as written: MacRoman; may be empty */
    struct slice data, resource;
    bool broken; /* an end is missing, or a checksum is wrong */
};

/* What follows the next "(This file must be converted with BinHex" line and the colon that begins
 * the data, at or after `at`; ptr is NULL when there is none. */
struct slice binhex_find(struct slice text, size_t at);

/* Unpacks what binhex_find() found into `room`, which *out points into. Returns how many octets of
 * the text were read. What has no room left, or no time, is broken. */
size_t binhex_unpack(struct slice text, struct buf *room, struct binhex *out);

#endif
