/* SPDX-License-Identifier: ISC
 * SHA-256 over canonical octets: what DKIM and ARC sign. */
#ifndef FILTERS_SENDER_HASHER_H
#define FILTERS_SENDER_HASHER_H

#include "filters/sender/canonical.h"
#include "filters/sender/key_record.h"

#include <openssl/evp.h>

struct hasher {
    EVP_MD_CTX *context;
    struct canonical_sink sink; /* written to by canonical_body, canonical_field ... */
};

/* False: out of memory; hasher_close is due all the same. */
bool hasher_open(struct hasher *hasher);

/* Frees it. False: there is no digest. */
bool hasher_close(struct hasher *hasher, unsigned char digest[static DIGEST_OCTETS]);

#endif
