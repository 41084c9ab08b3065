/* SPDX-License-Identifier: ISC
 * The facts of one transaction: what facts.def lists, with a value each. */
#ifndef POLICY_FACTS_H
#define POLICY_FACTS_H

#include "policy/value.h"

/* LOGIN is where a client says who it is, and has not been told yet whether it is believed:
 * policy_evaluate_login. Where nobody logs in, its facts are absent from CONNECT on. */
enum phase { PHASE_CONNECT, PHASE_HELO, PHASE_LOGIN, PHASE_MAIL, PHASE_RCPT, PHASE_MESSAGE };

const char *phase_word(enum phase phase); /* "connect" ... */

enum producer {
#define PRODUCER(id, ...) PRODUCER_##id,
#include "policy/producers.def"
#undef PRODUCER
    PRODUCER_COUNT
};

/* Whom a producer asks. */
enum asks {
    ASKS_NOBODY = 0,
    ASKS_DNS = 1,
    ASKS_SCANNER = 2,
    ASKS_ANTIVIRUS = 4,
    ASKS_REDIS = 8,
    ASKS_QR = 16,
};

/* Of whose mail its facts tell. */
enum about {
    ABOUT_ANYBODY,
    ABOUT_STRANGERS, /* who bring it from outside */
    ABOUT_OURS,      /* who send it out */
};

struct producer_info {
    enum phase phase; /* its first facts are known then */
    unsigned asks;    /* bits of enum asks */
    uint64_t needs;   /* a bit for each producer whose facts it starts from */
    enum about about;
};

const struct producer_info *producer_info(enum producer producer);

enum fact {
#define FACT(id, ...) FACT_##id,
#define KEYED(id, ...) FACT_##id,
#define ALIAS(name, id)
#include "policy/facts.def"
#undef FACT
#undef KEYED
#undef ALIAS
    FACT_COUNT
};

enum on_unknown { ON_UNKNOWN_DEFER, ON_UNKNOWN_CONTINUE };

struct fact_info {
    const char *name;
    struct type type;
    enum phase phase;
    enum producer producer;
    enum on_unknown on_unknown;
    bool keyed;
    const char *doc;
};

const struct fact_info *fact_info(enum fact fact);
bool fact_by_name(struct slice name, enum fact *out); /* knows aliases */

enum protocol { PROTOCOL_SMTP, PROTOCOL_POP3, PROTOCOL_IMAP, PROTOCOL_MILTER };
/* FETCH: what a server behind holds is read; UPLOAD: a client puts a message into its mailbox. */
enum direction { DIRECTION_INBOUND, DIRECTION_OUTBOUND, DIRECTION_FETCH, DIRECTION_UPLOAD };
enum av_result { AV_RESULT_CLEAN, AV_RESULT_INFECTED };
enum link_source { LINK_SOURCE_TEXT, LINK_SOURCE_HTML, LINK_SOURCE_FILE, LINK_SOURCE_QR };

/* Where each record's fields begin among the fields of all records. */
enum field_place {
#define WORDS(list)
#define WORD(list, word)
#define RECORD(name) name##_START, name##_BEFORE = name##_START - 1,
#define FIELD(record, name, ...) record##_AT_##name,
#include "policy/types.def"
#undef RECORD
#undef FIELD
};

/* Indices of a record's fields: attachment_name, signature_domain ...
 * How many there are is record_types[RECORD_attachment].count. */
enum field_index {
#define RECORD(name)
#define FIELD(record, name, ...) record##_##name = record##_AT_##name - record##_START,
#include "policy/types.def"
#undef WORDS
#undef WORD
#undef RECORD
#undef FIELD
};

struct facts {
    struct value fact[FACT_COUNT]; /* of a keyed fact: unused */
    /* One for each of the policy's keys (policy_keys), same order; NULL: all pending. */
    struct value *keyed;
    /* The scanner that should have authenticated the message failed:
     * a hostile message may be why, so what is unknown of that defers, as content does. */
    bool unexamined;
    /* Limits on our own DNS questions kept some from being asked that the message was to be
     * authenticated with: its sender may have used them up, so what is unknown of that defers. */
    bool unasked;
    /* The network that brings it asked the DNS so much that some of what this message needs was not
     * asked: who could choose that would choose what rules are told. It is put off. */
    bool withheld;
    /* Producers (a bit each) that will never know more of this message than now: what is unknown of
     * theirs, or a list that is cut, refuses it where it would defer it. */
    uint64_t never;
};

_Static_assert(PRODUCER_COUNT <= 64, "each has its bit");

/* Whether this address must stay reachable (RFC 5321 4.5.1, RFC 2142): postmaster's or abuse's. */
bool is_postmaster(struct slice address);

/* What a clean message has: the baseline column. */
struct value fact_baseline(enum fact fact);

struct policy;

/* Marks every fact of `producer` that is still pending as unknown: its producer failed. Among the
 * keyed ones as well, if there are places for them. */
void facts_fail(struct facts *facts, enum producer producer, const struct policy *policy);
/* The same, as absent: there is nothing that its producer could find out, as of the client of a
 * message that is fetched. */
void facts_absent(struct facts *facts, enum producer producer, const struct policy *policy);
/* The same of all that tells of strangers: for mail that is outbound. */
void facts_no_stranger(struct facts *facts, const struct policy *policy);
/* The same of all that tells of who sends mail out: for mail that is not outbound. */
void facts_none_of_ours(struct facts *facts, const struct policy *policy);

/* All facts that are not pending, as members of a JSON object ("client.ip":"192.0.2.1",...),
 * without the braces; "cut" names the lists of which a cap left out the rest. Keyed facts are left
 * out: which there are is the policy's matter (policy_keys). False: `out` is full. */
bool facts_json(struct buf *out, const struct facts *facts);

#endif
