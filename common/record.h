/* SPDX-License-Identifier: ISC
 * What is recorded of a message, a refusal, or a client that came to nothing: written by proxies,
 * kept by the keeper. Everything in it points to what its writer or reader holds. */
#ifndef COMMON_RECORD_H
#define COMMON_RECORD_H

#include "base/ipc.h"
#include "policy/facts.h"

enum {
    RECORD_VERSION = 2,
    RECORD_ITEMS_MAX = 10000,                 /* recipients, rules, edits: of each */
    RECORD_OCTETS_MAX = IPC_PAYLOAD_MAX - 64, /* fits a packet with what stands around it */
};

/* One recipient, and what became of him where it is not what became of the message. */
struct record_recipient {
    struct slice address, verdict, reply;
};

struct record_points {
    struct slice name;
    double points;
};

/* A change of the message: "header add", a field's name, its value; "strip", the part's number. */
struct record_edit {
    struct slice kind, name, value;
    uint32_t part;
};

/* A fact that takes a key: header["x-spam"]. */
struct record_keyed {
    enum fact fact;
    struct slice name;
    struct value value;
};

struct record_cost {
    int64_t count, ms;
};

struct record {
    int64_t time; /* milliseconds since 1970 */
    struct ip client;
#define RECORD_TEXT(name, doc) struct slice name;
#define RECORD_ALWAYS RECORD_TEXT
#define RECORD_NUMBER(name, doc) int64_t name;
#define RECORD_COST(name, doc) struct record_cost name;
#include "common/record.def"
#undef RECORD_TEXT
#undef RECORD_ALWAYS
#undef RECORD_NUMBER
#undef RECORD_COST
    const struct record_recipient *recipients;
    size_t recipient_count;
    const struct slice *rules, *observed; /* names of those that fired */
    size_t rule_count, observed_count;
    const struct record_points *points;
    size_t point_count;
    const struct record_edit *edits;
    size_t edit_count;
    double score;
    const struct facts *facts; /* NULL: none. What is pending is left out */
    const struct record_keyed *keyed;
    size_t keyed_count;
};

/* Appends it to `out`. Of facts that do not fit lists are cut, and the rest is left out; false: what
 * is no fact does not fit either. */
bool record_encode(struct buf *out, const struct record *record);

/* `octets` may be anything, and must outlive the record; lists and facts are in the arena. False:
 * malformed, or the arena is full. */
bool record_decode(struct slice octets, struct arena *arena, struct record *record);

/* The same without its facts, which are not even looked at. */
bool record_decode_words(struct slice octets, struct arena *arena, struct record *record);

/* Whether this address sends, is From's, receives or has logged in. */
bool record_tells_of(const struct record *record, struct slice address);

/* In a record's octets. False: they are none. */
bool record_set_time(char *octets, size_t len, int64_t time);

/* As a JSON object, without a line's end. False: `out` is full. */
bool record_json(struct buf *out, const struct record *record);

#endif
