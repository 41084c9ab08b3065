/* SPDX-License-Identifier: ISC */
#include "common/record_fields.h"

const struct record_field_info record_fields[] = {
#define RECORD_TEXT(name, doc) {KIND_TEXT, #name, offsetof(struct record, name), false},
#define RECORD_ALWAYS(name, doc) {KIND_TEXT, #name, offsetof(struct record, name), true},
#define RECORD_NUMBER(name, doc) {KIND_NUMBER, #name, offsetof(struct record, name), false},
#define RECORD_COST(name, doc) {KIND_COST, #name, offsetof(struct record, name), false},
#include "common/record.def"
#undef RECORD_TEXT
#undef RECORD_ALWAYS
#undef RECORD_NUMBER
#undef RECORD_COST
};

const size_t record_field_count = sizeof record_fields / sizeof *record_fields;
