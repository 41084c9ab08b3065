/* SPDX-License-Identifier: ISC
 * A record of a MaxMind DB file, and what the file says of itself, which is written in the same way.
 * For base/mmdb.c. */
#ifndef BASE_MMDB_RECORD_H
#define BASE_MMDB_RECORD_H

#include "base/slice.h"

enum mmdb_kind { MMDB_OTHER, MMDB_TEXT, MMDB_NUMBER };

struct mmdb_value {
    enum mmdb_kind kind;
    struct slice text;
    uint64_t number;
};

/* What the map at `at` among the records has under this path of keys. False: nothing, or it is
 * damaged or too large. */
bool mmdb_record_value(struct slice records, size_t at, const char *const *path,
                       struct mmdb_value *out);

#endif
