/* SPDX-License-Identifier: ISC
 * yEnc (its draft 1.3): a file, or one piece of it, between "=ybegin line=128 size=9 name=a.zip" and
 * "=yend size=9". */
#ifndef FILTERS_CONTAINERS_YENC_H
#define FILTERS_CONTAINERS_YENC_H

#include "base/slice.h"

struct yenc {
    size_t to; /* octets of the text up to its end */
    struct slice name, body;
    uint64_t size; /* as declared for the whole file */
    bool piece;    /* of several */
    bool ended;
};

/* The next one that begins at or after `at`. False when there is none. */
bool yenc_find(struct slice text, size_t at, struct yenc *out);

/* Decodes the body into `out`, which has room for as many octets. Returns how many. */
size_t yenc_decode(struct slice body, char *out);

#endif
