/* SPDX-License-Identifier: ISC
 * What a record's octets mean depends on the fields of record.def and the facts of facts.def that
 * its writer knew. They are kept beside the records, so that a later version still reads them:
 * what it does not know any more, or knows as something else, is left out. */
#ifndef COMMON_RECORD_VOCABULARY_H
#define COMMON_RECORD_VOCABULARY_H

#include "common/record.h"

struct record_vocabulary {
    struct vocabulary_field {
        unsigned kind; /* enum record_kind */
        size_t mine;   /* its place in record_fields; past the end: there is none */
    } * fields;
    size_t field_count;
    enum fact *facts; /* FACT_COUNT: none of today's */
    size_t fact_count;
};

/* That of this program, as text: a line each, "text id", "number port", "cost dns",
 * "fact helo domain". */
void record_vocabulary_write(struct buf *out);

/* False: it is none, or the arena is full. */
bool record_vocabulary_read(struct slice text, struct arena *arena, struct record_vocabulary *out);

/* As record_decode, of a record that was written with those words (NULL: ours). */
bool record_decode_as(struct slice octets, const struct record_vocabulary *words,
                      struct arena *arena, struct record *record);

/* The same without its facts. */
bool record_decode_words_as(struct slice octets, const struct record_vocabulary *words,
                            struct arena *arena, struct record *record);

#endif
