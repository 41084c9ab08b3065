/* SPDX-License-Identifier: ISC
 * Public keys in DNS (RFC 6376 3.6.1, RFC 8463), and signatures checked with them. */
#ifndef FILTERS_SENDER_KEY_RECORD_H
#define FILTERS_SENDER_KEY_RECORD_H

#include "filters/dns/dns_answers.h"
#include "filters/sender/rsa_key.h"

enum { KEY_BITS_MAX = 8192, DIGEST_OCTETS = 32 };

struct key_record {
    bool ed25519;
    unsigned bits;      /* 256 for Ed25519 */
    struct rsa_key rsa; /* for RSA */
    struct slice point; /* for Ed25519: 32 octets */
    bool test;          /* t=y */
    bool strict;        /* t=s: i= and d= must be the same domain */
};

/* "s._domainkey.d" in A-labels (RFC 8616 3), whatever the signature is written in; ptr NULL when
 * the arena is full. */
struct slice key_record_name(struct arena *arena, struct slice selector, struct slice domain);

/* Of the TXT records at a name the one that is a key; with several keys nothing is sure (RFC 6376
 * 3.6.2.2). NULL, or what is wrong. `temporary` tells DNS trouble from a missing key. */
const char *key_record_choose(const struct dns_answer *answer, struct slice *record,
                              bool *temporary);

/* Reads a record for signatures made with `algorithm` (rsa-sha256 or ed25519-sha256). NULL, or what
 * is wrong with it. Short keys are read: look at bits. */
const char *key_record_read(struct arena *arena, struct slice record, struct slice algorithm,
                            struct key_record *key);

/* Whether the signature (its octets) over a SHA-256 digest is of that key. */
bool key_record_verifies(const struct key_record *key, const unsigned char *digest,
                         struct slice signature);

bool key_record_same_key(const struct key_record *one, const struct key_record *other);

/* Base64 with blanks and folding, as in b=, bh= and p=. False for anything else, the empty text
 * included, and when the arena is full. */
bool key_base64(struct arena *arena, struct slice text, struct slice *octets);

#endif
