/* SPDX-License-Identifier: ISC
 * Sets of addresses, of one family, as ranges: nft joins what lies side by side, so a set may come back
 * written in another way. */
#ifndef CONSOLE_TRANSPARENT_RANGES_H
#define CONSOLE_TRANSPARENT_RANGES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct range {
    uint8_t low[16], high[16];
};

struct ranges {
    struct range *list; /* malloc */
    size_t count;
};

/* Of an address, a prefix, a range, or a set of these, as `nft -j` writes them. In order, none touches
 * another. False: it is something else, or memory; there is nothing to free. */
bool ranges_of_json(const json_t *json, struct ranges *out);
void ranges_free(struct ranges *ranges);
bool ranges_equal(const struct ranges *a, const struct ranges *b);

#endif
