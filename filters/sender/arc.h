/* SPDX-License-Identifier: ISC
 * ARC chains (RFC 8617): whether every handler's seal holds, who they are, and since when the
 * message is unchanged. From a message's bytes and a table of DNS answers. */
#ifndef FILTERS_SENDER_ARC_H
#define FILTERS_SENDER_ARC_H

#include "filters/dns/dns_answers.h"

enum { ARC_SETS_MAX = 50, ARC_FIELD_OCTETS_MAX = 64 * 1024, ARC_KEY_BITS_MIN = 1024 };

enum arc_result { ARC_NONE, ARC_FAIL, ARC_PASS };
const char *arc_result_word(enum arc_result result);

struct arc_sealer {
    struct slice domain, selector;       /* of the ARC-Seal */
    struct slice authentication_results; /* what the ARC-Authentication-Results say, after i= */
};

struct arc_outcome {
    enum arc_result result;
    const char *reason;         /* "" unless it failed */
    bool temporary;             /* it failed because DNS did, and for nothing else */
    struct arc_sealer *sealers; /* the first that sealed first; as far as the structure is right */
    size_t count;
    /* The lowest instance whose AMS, with all after it, verifies; 0: all do (RFC 8617 5.2). */
    unsigned oldest_pass;
};

/* Examines the chain of a message (lines end with CRLF) at the time `now` (seconds since 1970).
 * Everything in *out lies in the message and the arena. False: a look-up missed, and those that
 * are needed are wanted; or the arena is full (arena_failed). */
bool arc_examine(struct arena *arena, struct dns_answers *dns, struct slice message, uint64_t now,
                 struct arc_outcome *out);

#endif
