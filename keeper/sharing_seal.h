/* SPDX-License-Identifier: ISC
 * What keepers of several gateways share lies in a Redis that others may read and write: it is sealed with
 * a key that follows from learn.key, so that who has not that file can neither read nor make any of it.
 *
 * Sealed: a salt of 16 octets, a nonce of 12, and AES-256-GCM's octets and tag (NIST SP 800-38D) under a
 * key of its own, HMAC-SHA256 of purpose and salt. */
#ifndef KEEPER_SHARING_SEAL_H
#define KEEPER_SHARING_SEAL_H

#include "base/buf.h"
#include "common/learning.h"
#include "keeper/unseal.h"

struct sharing_keys {
    unsigned char seal[32];
    uint64_t accounts[2]; /* for digests of accounts, the same on all gateways */
    uint64_t names[2];    /* for numbers that stand for labels, the same */
};

enum { SHARING_SEALED = 16 + 12 + 16 /* octets more than what is sealed */ };

/* What gatepost-learn tells the keeper: HKDF-SHA256 (RFC 5869) of the first key. False: out of memory. */
bool sharing_secret(const struct unseal_keys *keys, unsigned char secret[static LEARN_SHARED]);

/* False: out of memory. */
bool sharing_keys_of(const unsigned char secret[static LEARN_SHARED], struct sharing_keys *out);

/* Appends it. `about` is authenticated with it, and must be given again. False: out of memory, or no room. */
bool sharing_seal(const struct sharing_keys *keys, struct slice about, struct slice plain,
                  struct buf *out);
/* Appends what was sealed. False: it is none, of another key or about something else, or there is no room;
 * nothing is appended. */
bool sharing_unseal(const struct sharing_keys *keys, struct slice about, struct slice sealed,
                    struct buf *out);

#endif
