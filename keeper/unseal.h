/* SPDX-License-Identifier: ISC
 * Opens what was sealed (keeper/seal.h), for who has the private key. */
#ifndef KEEPER_UNSEAL_H
#define KEEPER_UNSEAL_H

#include "keeper/seal.h"

enum { UNSEAL_KEYS = 16, UNSEAL_PEM = 64 * 1024 };

/* Private keys: the first is the one that is sealed to today, all can open. Holds no memory beside
 * itself, but secrets: unseal_keys_wipe. */
struct unseal_keys {
    struct unseal_key {
        struct seal_key public;
        unsigned char private[SEAL_KEY];
    } keys[UNSEAL_KEYS];
    size_t count;
};

/* `pem`: one or several X25519 keys behind each other, in PKCS#8 without a passphrase, as
 * `openssl genpkey -algorithm X25519` writes them; what stands around them is skipped. At most
 * UNSEAL_PEM octets. False with *reason: anything else is there, no key, or too many; `keys` is
 * wiped. */
bool unseal_keys_read(struct slice pem, struct unseal_keys *keys, const char **reason);

/* What is to be given to seal_write; `index` < keys->count. */
void unseal_keys_public(const struct unseal_keys *keys, size_t index, struct seal_key *out);

void unseal_keys_wipe(struct unseal_keys *keys);

/* Reads the file `in` from its beginning, wherever it stands, and gives the message to `take`,
 * piece after piece, each valid for that call; false from `take` ends it. `about`: as it was given
 * to seal_write. At most `most` octets are given. False with *reason, valid until the next call: it
 * is no sealed message, no key has its id, it was changed or cut, what was compressed is malformed,
 * it is larger than `most`, `take` has refused, it cannot be read, or out of memory.
 * What `take` was given before false must not be used: that a message was cut shows at its end.
 * Not to be called from `take`. */
bool unseal_read(int in, const struct unseal_keys *keys, struct slice about, uint64_t most,
                 bool (*take)(void *ctx, struct slice octets), void *ctx, const char **reason);

#endif
