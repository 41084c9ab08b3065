/* SPDX-License-Identifier: ISC
 * Office documents with a password: ECMA-376 in a compound file, encrypted the agile or the standard
 * way ([MS-OFFCRYPTO] 2.3.4). A try costs what the document says, within a bound. */
#ifndef FILTERS_DOCUMENTS_OFFICE_LOCK_H
#define FILTERS_DOCUMENTS_OFFICE_LOCK_H

#include "base/buf.h"
#include "filters/documents/ole.h"

/* With this one programs encrypt what is to be read only, and open it without asking. */
#define OFFICE_OWN_PASSWORD SLICE("VelvetSweatshop")

enum {
    OFFICE_SALT_MAX = 64,
    OFFICE_SECRET_MAX = 128,
    OFFICE_KEY_MAX = 32,
    OFFICE_SPINS_MAX = 1000000,
    OFFICE_WIDE_MAX = 256,
};

struct office_secret {
    unsigned char octets[OFFICE_SECRET_MAX];
    size_t len;
};

/* How keys are made of passwords, or initial vectors of numbers. */
struct office_salt {
    const char *hash; /* OpenSSL's name; NULL: one that is not known here */
    unsigned char octets[OFFICE_SALT_MAX];
    size_t len;
    size_t key; /* octets */
};

struct office_lock {
    bool agile;
    uint32_t spins;
    struct office_salt password, package; /* the latter of agile ones alone */
    struct office_secret verifier, verifier_hash, key;
};

struct office_key {
    unsigned char octets[OFFICE_KEY_MAX];
    size_t len;
};

/* Has OpenSSL load what it loads lazily. Once, before the jail. */
void office_lock_warm_up(void);

/* A password (UTF-8) as the octets of UTF-16 that keys are made of: at most OFFICE_WIDE_MAX. */
size_t office_wide_password(struct slice password, unsigned char out[OFFICE_WIDE_MAX]);

/* Reads how the document is locked. False: it is not, or in a way that nothing here opens. `arena`
 * serves during the call. */
bool office_lock_read(struct arena *arena, const struct ole *ole, struct office_lock *out);

/* Is it the password (UTF-8)? Then *key opens the document. */
bool office_lock_try(const struct office_lock *lock, struct slice password, struct office_key *key);

/* The document, decrypted in place within the octets of its stream; empty when that is damaged. */
struct slice office_lock_open(const struct office_lock *lock, const struct office_key *key,
                              char *stream, size_t len);

#endif
