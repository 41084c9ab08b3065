/* SPDX-License-Identifier: ISC
 * DKIM verification (RFC 6376, 8301, 8463, 8616) from a message's bytes and a table of DNS answers. rsa-sha1 and RSA keys under 1024 bits never pass; what l= leaves out is told. */
#ifndef FILTERS_SENDER_DKIM_H
#define FILTERS_SENDER_DKIM_H

#include "filters/dns/dns_answers.h"

enum { DKIM_SIGNATURES_MAX = 10, DKIM_KEY_BITS_MIN = 1024 };

/* RFC 8601 2.7.1. */
enum dkim_result {
    DKIM_NONE,
    DKIM_NEUTRAL,
    DKIM_POLICY, /* it verifies, and is not good enough: a short key */
    DKIM_FAIL,
    DKIM_TEMPERROR,
    DKIM_PERMERROR,
    DKIM_PASS,
};
const char *dkim_result_word(enum dkim_result result);

struct dkim_signature {
    enum dkim_result result;
    const char *reason;     /* "" when it passes */
    struct slice domain;    /* d=, as the signature has it */
    struct slice selector;  /* s= */
    struct slice algorithm; /* a= */
    struct slice identity;  /* i=, or "@" and d= */
    unsigned bits;          /* of the key; 256 for Ed25519; 0 when there was none */
    bool whole_body;        /* l= leaves nothing of the body out */
    bool test_key;          /* t=y: the domain is trying DKIM out */
};

struct dkim_outcome {
    struct dkim_signature *signatures; /* in the order of the message, the newest first */
    size_t count;
    size_t ignored;          /* signatures past DKIM_SIGNATURES_MAX: not looked at */
    enum dkim_result result; /* the best: pass, temperror, fail, policy, neutral, permerror, none */
};

/* Examines the signatures of a message (lines end with CRLF) at the time `now` (seconds since
 * 1970). Everything in *out lies in the message and the arena. False: a look-up missed, and all
 * that are needed are wanted; or the arena is full (arena_failed). */
bool dkim_examine(struct arena *arena, struct dns_answers *dns, struct slice message, uint64_t now,
                  struct dkim_outcome *out);

/* Opens what OpenSSL opens late, and verifies the example of RFC 8463 with both
 * kinds of key. Once a process, before the jail; false with *reason. */
bool dkim_warm_up(const char **reason);

#endif
