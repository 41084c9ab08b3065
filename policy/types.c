/* SPDX-License-Identifier: ISC */
#include "policy/types.h"

#include "policy/facts.h"
#include "policy/type_rows.h"

#include <stdio.h>

/* Where each list's words begin in the flat array below. */
enum words_start {
#define WORDS(list) list##_START, list##_BEFORE = list##_START - 1,
#define WORD(list, word) list##_AT_##word,
#define RECORD(name)
#define FIELD(record, name, ...)
#include "policy/types.def"
#undef WORDS
#undef WORD
#undef RECORD
#undef FIELD
};

/* A struct of as many chars as a list has members: sizeof counts them. */
struct before_all {
    char one;
#define WORDS(list)                                                                                \
    }                                                                                              \
    ;                                                                                              \
    struct list##_members {                                                                        \
        char one;
#define WORD(list, word) char word;
#define RECORD(name) WORDS(name)
#define FIELD(record, name, ...) char name;
#include "policy/types.def"
#undef WORDS
#undef WORD
#undef RECORD
#undef FIELD
};

static const char *const all_words[] = {
#define WORDS(list)
#define WORD(list, word) #word,
#define RECORD(name)
#define FIELD(record, name, ...)
#include "policy/types.def"
#undef WORDS
#undef WORD
#undef RECORD
#undef FIELD
};

static const struct record_field all_fields[] = {
#define WORDS(list)
#define WORD(list, word)
#define RECORD(name)
#define FIELD(record, field, field_type, doc) {#field, field_type},
#include "policy/types.def"
#undef WORDS
#undef WORD
#undef RECORD
#undef FIELD
};

static const char *const all_docs[] = {
#define WORDS(list)
#define WORD(list, word)
#define RECORD(name)
#define FIELD(record, field, field_type, doc) doc,
#include "policy/types.def"
#undef WORDS
#undef WORD
#undef RECORD
#undef FIELD
};

const struct enum_type enum_types[WORDS_COUNT] = {
#define WORDS(list) {#list, all_words + list##_START, sizeof(struct list##_members) - 1},
#define WORD(list, word)
#define RECORD(name)
#define FIELD(record, name, ...)
#include "policy/types.def"
#undef WORDS
#undef WORD
#undef RECORD
#undef FIELD
};

const struct record_type record_types[RECORD_COUNT] = {
#define WORDS(list)
#define WORD(list, word)
#define RECORD(name) {#name, all_fields + name##_START, sizeof(struct name##_members) - 1},
#define FIELD(record, name, ...)
#include "policy/types.def"
#undef WORDS
#undef WORD
#undef RECORD
#undef FIELD
};

static const char *const kind_names[] = {
    [TYPE_BOOL] = "true or false", [TYPE_NUMBER] = "number",     [TYPE_TEXT] = "text",
    [TYPE_ADDRESS] = "address",    [TYPE_DOMAIN] = "domain",     [TYPE_IP] = "IP address",
    [TYPE_NETWORK] = "network",    [TYPE_DURATION] = "duration", [TYPE_SIZE] = "size",
    [TYPE_TIME] = "time",          [TYPE_ENUM] = "word",         [TYPE_LIST] = "list",
    [TYPE_RECORD] = "record",
};

void type_describe(const struct type *type, char *out, size_t size)
{
    if (type->kind == TYPE_LIST && type->element->kind == TYPE_RECORD)
        snprintf(out, size, "list of %s records", type->element->record->name);
    else if (type->kind == TYPE_LIST)
        snprintf(out, size, "list (each a %s)", kind_names[type->element->kind]);
    else if (type->kind == TYPE_RECORD)
        snprintf(out, size, "%s record", type->record->name);
    else
        snprintf(out, size, "%s", kind_names[type->kind]);
}

bool type_is_textual(const struct type *type)
{
    return type->kind == TYPE_TEXT || type->kind == TYPE_ADDRESS || type->kind == TYPE_DOMAIN;
}

bool type_is_ordered(const struct type *type)
{
    return type->kind == TYPE_NUMBER || type->kind == TYPE_SIZE || type->kind == TYPE_DURATION ||
           type->kind == TYPE_TIME;
}

int record_field_index(const struct record_type *record, struct slice name)
{
    for (size_t i = 0; i < record->count; i++)
        if (slice_eq(name, slice_of(record->fields[i].name)))
            return (int)i;
    return -1;
}

const char *record_field_doc(const struct record_type *record, size_t field)
{
    return all_docs[(size_t)(record->fields - all_fields) + field];
}

int enum_word_index(const struct enum_type *words, struct slice word)
{
    for (size_t i = 0; i < words->count; i++)
        if (slice_eq(word, slice_of(words->words[i])))
            return (int)i;
    return -1;
}
