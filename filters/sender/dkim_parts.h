/* SPDX-License-Identifier: ISC
 * Between the halves of DKIM verification: what dkim.c has found before anything is hashed. */
#ifndef FILTERS_SENDER_DKIM_PARTS_H
#define FILTERS_SENDER_DKIM_PARTS_H

#include "filters/sender/canonical.h"
#include "filters/sender/dkim.h"
#include "filters/sender/key_record.h"
#include "filters/sender/tag_list.h"

struct dkim_candidate {
    struct dkim_signature *signature;
    struct header field;
    struct tag_list tags;
    struct canonical_forms forms;    /* c= */
    struct key_record key;           /* while the signature is to be verified */
    bool wanted;                     /* nothing is wrong with it so far */
    uint64_t signed_at, body_length; /* t=, l= */
    bool has_length;
};

#define BODY_NOT_MEASURED UINT64_MAX

struct dkim_body_hash {
    bool known;
    unsigned char octets[DIGEST_OCTETS];
};

struct dkim_job {
    struct arena *arena;
    struct field_list fields;
    struct slice body;
    uint64_t now;
    uint64_t body_length[2];            /* canonical: simple, relaxed */
    struct dkim_body_hash body_hash[2]; /* the same, of all of it */
    struct dkim_candidate candidates[DKIM_SIGNATURES_MAX];
    size_t count;
};

/* Verifies the candidates that are wanted and writes their results. */
void dkim_verify_signatures(struct dkim_job *job);

#endif
