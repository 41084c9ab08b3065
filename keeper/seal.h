/* SPDX-License-Identifier: ISC
 * Seals a message to a public key, compressed: who has written it cannot read it again, only who
 * has the private key can (keeper/unseal.h). What the octets mean: keeper/sealed_form.h.
 * Tells nobody who has written it: whoever knows the public key can seal to it. */
#ifndef KEEPER_SEAL_H
#define KEEPER_SEAL_H

#include "base/slice.h"

enum { SEAL_KEY = 32, SEAL_KEY_ID = 8 };

/* An X25519 key to seal to. */
struct seal_key {
    unsigned char id[SEAL_KEY_ID]; /* the first octets of SHA-256 of it */
    unsigned char public[SEAL_KEY];
};

/* Gets what OpenSSL looks up, reads or seeds at first use. To be called before a jail is entered,
 * by who seals and by who opens; may be called again. False: it has no such algorithms, or no
 * memory. */
bool seal_prepare(void);

/* False: out of memory. */
bool seal_key_of(const unsigned char public[static SEAL_KEY], struct seal_key *key);

/* Writes `pieces`, as one message, to the file `out` at its position, and does not fsync it.
 * `about`: octets that are authenticated with it, and must be given again to open it; they are
 * not in the file. *written: the octets that went to the file, also when it fails. False with
 * *reason, valid until the next call: the disk's, the key is none, or out of memory. */
bool seal_write(int out, const struct seal_key *key, struct slice about, const struct slice *pieces,
                size_t count, uint64_t *written, const char **reason);

#endif
