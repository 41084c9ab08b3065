/* SPDX-License-Identifier: ISC
 * Answers of the DNS as they come over the wire (RFC 1035 4.1), and names as they are asked. Pure;
 * every octet is hostile. */
#ifndef FILTERS_DNS_DNS_WIRE_H
#define FILTERS_DNS_DNS_WIRE_H

#include "filters/dns/dns_answers.h"

enum {
    DNS_WIRE_RECORDS_MAX = 128,      /* records an answer */
    DNS_WIRE_TEXT_MAX = 16 * 1024,   /* octets of their texts together */
    DNS_QUESTION_SIZE = 4 * 253 + 1, /* a name as dns_question writes it, with its NUL */
};

/* Reads the answer that `packet` gives for `type` and the name in its question. CNAMEs are followed
 * as they stand in order. Names come out in lower case without a trailing dot ("" is the root);
 * octets that are not printable, and dots and backslashes within a label, as \DDD. Records lie in
 * the arena. What is malformed, truncated, past the caps above or past the arena's room is
 * DNS_FAILED without records. `authenticated` is the caller's. */
void dns_wire_read(struct slice packet, enum dns_type type, struct arena *arena,
                   struct dns_answer *answer);

/* Writes a name in the form of master files (RFC 1035 5.1), in lower case:
 * every octet stands for itself. False for one that cannot exist:
 * longer than 253 octets, or with a label that is empty or over 63. */
bool dns_question(struct slice name, char out[static DNS_QUESTION_SIZE]);

#endif
