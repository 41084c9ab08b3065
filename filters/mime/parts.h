/* SPDX-License-Identifier: ISC
 * Where a MIME part stands in the message, for edits and redaction. */
#ifndef FILTERS_MIME_PARTS_H
#define FILTERS_MIME_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets in the message as received. */
struct part_range {
    uint32_t part;              /* its number, as in an attachment's `part` */
    uint64_t header, body, end; /* header block from `header`, body from `body` to `end` */
    bool sealed; /* inside a signed or encrypted part, or in a decoded layer: never edited */
};

/* Where that part of a message of `size` octets stands, if a notice may take its place; else NULL:
 * it is sealed, or nobody knows where it stands. */
const struct part_range *part_to_replace(const struct part_range *parts, size_t count,
                                         uint32_t number, uint64_t size);

#endif
