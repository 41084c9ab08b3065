/* SPDX-License-Identifier: ISC
 * types.def as values, and what types are called. */
#ifndef POLICY_TYPES_H
#define POLICY_TYPES_H

#include "policy/value.h"

enum words_id {
#define WORDS(list) WORDS_##list,
#define WORD(list, word)
#define RECORD(name)
#define FIELD(record, name, ...)
#include "policy/types.def"
#undef WORDS
#undef WORD
#undef RECORD
#undef FIELD
    WORDS_COUNT
};

enum record_id {
#define WORDS(list)
#define WORD(list, word)
#define RECORD(name) RECORD_##name,
#define FIELD(record, name, ...)
#include "policy/types.def"
#undef WORDS
#undef WORD
#undef RECORD
#undef FIELD
    RECORD_COUNT
};

extern const struct enum_type enum_types[WORDS_COUNT];
extern const struct record_type record_types[RECORD_COUNT];

/* "text", "list of addresses": singular, without an article.
 * Writes at most `size` bytes with the NUL. */
void type_describe(const struct type *type, char *out, size_t size);

/* Text, address or domain: what holds a slice. */
bool type_is_textual(const struct type *type);

/* Compared with < and >. */
bool type_is_ordered(const struct type *type);

/* The field's index, or -1. */
int record_field_index(const struct record_type *record, struct slice name);

/* What the field tells, from types.def. */
const char *record_field_doc(const struct record_type *record, size_t field);

/* The word's index, or -1. */
int enum_word_index(const struct enum_type *words, struct slice word);

#endif
