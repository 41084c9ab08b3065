/* SPDX-License-Identifier: ISC
 * record.def as a table, for what writes and reads records field by field. */
#ifndef COMMON_RECORD_FIELDS_H
#define COMMON_RECORD_FIELDS_H

#include "common/record.h"

enum record_kind { KIND_TEXT, KIND_NUMBER, KIND_COST };

struct record_field_info {
    enum record_kind kind;
    const char *name;
    size_t offset; /* in struct record */
    bool always;   /* told when it is empty as well */
};

/* How a fact stands in a record. */
enum fact_how { FACT_FOLLOWS, FACT_ABSENT, FACT_UNKNOWN, FACT_HOWS = 4 };

extern const struct record_field_info record_fields[];
extern const size_t record_field_count;

static inline const void *record_at(const struct record *record, size_t field)
{
    return (const char *)record + record_fields[field].offset;
}

#endif
