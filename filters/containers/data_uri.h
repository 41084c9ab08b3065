/* SPDX-License-Identifier: ISC
 * A file that is written into a URI (RFC 2397): "data:image/png;base64,iVBORw0KGgo". */
#ifndef FILTERS_CONTAINERS_DATA_URI_H
#define FILTERS_CONTAINERS_DATA_URI_H

#include "base/slice.h"

struct data_uri {
    struct slice type; /* as written; empty: plain text */
    bool base64;
    struct slice payload; /* as written */
};

/* Takes apart what stands behind "data:". False when it has no comma or no type that could be one.
 * Some writers put a backslash before each mark: those are passed by. */
bool data_uri_parse(struct slice behind, struct data_uri *out);

/* Writes what the payload stands for; `out` has room for payload.len + 4 octets, and may be where
 * the payload lies. As lenient as any reader: what is no base64 is passed by. Returns how many. */
size_t data_uri_decode(const struct data_uri *uri, char *out);

#endif
