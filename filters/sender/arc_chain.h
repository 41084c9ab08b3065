/* SPDX-License-Identifier: ISC
 * Between the halves of ARC: arc.c reads the sets, arc_verify.c checks their signatures. */
#ifndef FILTERS_SENDER_ARC_CHAIN_H
#define FILTERS_SENDER_ARC_CHAIN_H

#include "filters/sender/arc.h"
#include "filters/sender/canonical.h"
#include "filters/sender/key_record.h"
#include "filters/sender/tag_list.h"

struct arc_signature {
    struct header field;
    struct tag_list tags;
    bool present;
    struct slice octets; /* b=, decoded */
    struct key_record key;
    const char *wrong; /* NULL while nothing is */
    bool temporary;
};

struct arc_set {
    struct header results;
    bool has_results;
    struct arc_signature message, seal;
};

struct arc_chain {
    struct arena *arena;
    struct field_list fields;
    struct slice body;
    uint64_t now;
    struct arc_set *sets; /* ARC_SETS_MAX; that of instance i is sets[i - 1] */
    size_t count;
    struct {
        bool known;
        unsigned char octets[DIGEST_OCTETS];
    } body_hash[2]; /* simple, relaxed */
};

/* Sets `wrong` of each signature that does not verify. False: out of memory. */
bool arc_verify_messages(struct arc_chain *chain);
bool arc_verify_seals(struct arc_chain *chain);

#endif
