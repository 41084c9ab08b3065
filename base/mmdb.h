/* SPDX-License-Identifier: ISC
 * Files in the MaxMind DB format 2.0 (https://maxmind.github.io/MaxMind-DB/), which tell something
 * of networks: a binary tree over the bits of addresses, and behind it the records that its leaves
 * lead to. A file is somebody's download and may be anything: each look at it is within bounds, and
 * costs a number of steps that is bounded, too. (libmaxminddb 1.7 goes as deep into a record as it is
 * nested: 2 MB of brackets end the process that reads them.) Pure. */
#ifndef BASE_MMDB_H
#define BASE_MMDB_H

#include "base/slice.h"

struct mmdb {
    struct slice tree, records;
    uint32_t nodes;
    unsigned bits;     /* of each of the two branches of a node: 24, 28 or 32 */
    bool six;          /* it has IPv6; IPv4 lies below ::/96 */
    uint32_t four;     /* the branch where IPv4 begins */
    struct slice type; /* what its maker calls this kind of file: "GeoLite2-Country" */
};

/* Reads what a file says of itself; *out points into it. False: *reason says why it is none. */
bool mmdb_open(struct slice file, struct mmdb *out, const char **reason);

/* The record of the smallest network that this address lies in: 4 octets of IPv4, or 16. False: the
 * file does not know it, or is damaged there. */
bool mmdb_find(const struct mmdb *db, const uint8_t *address, size_t octets, size_t *record);

/* What a record has under a path of keys, {"country", "iso_code", NULL}: a text (as it stands there:
 * any octets), or a number that is not negative. False: it has none such. */
bool mmdb_text(const struct mmdb *db, size_t record, const char *const *path, struct slice *out);
bool mmdb_number(const struct mmdb *db, size_t record, const char *const *path, uint64_t *out);

/* Whether any record has anything there; of a large file, of some that are spread over it. */
bool mmdb_has(const struct mmdb *db, const char *const *path);

#endif
