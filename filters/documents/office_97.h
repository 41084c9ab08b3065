/* SPDX-License-Identifier: ISC
 * Documents of Word and Excel 97 to 2003 with a password: RC4 with a key for each block of a stream
 * ([MS-OFFCRYPTO] 2.3.5, 2.3.6; [MS-XLS] 2.2.10; [MS-DOC] 2.2.6). A try costs next to nothing. */
#ifndef FILTERS_DOCUMENTS_OFFICE_97_H
#define FILTERS_DOCUMENTS_OFFICE_97_H

#include "filters/documents/ole.h"

enum { OFFICE_97_SALT = 16, OFFICE_97_VERIFIER = 16, OFFICE_97_HASH = 20 };

struct office_97_lock {
    bool cryptoapi; /* SHA-1 instead of MD5 */
    size_t key;     /* octets that count */
    char salt[OFFICE_97_SALT], verifier[OFFICE_97_VERIFIER], hash[OFFICE_97_HASH];
};

/* What the keys of all blocks are made of. */
struct office_97_key {
    char base[OFFICE_97_HASH];
    size_t len;
};

/* Reads how the document is locked. False: it is not, or in another way. `arena` serves during the
 * call. */
bool office_97_read(struct arena *arena, const struct ole *ole, struct office_97_lock *out);

/* Is it the password (UTF-8)? Then *key opens the document. */
bool office_97_try(const struct office_97_lock *lock, struct slice password,
                   struct office_97_key *key);

/* Decrypts what is encrypted in `copy`, a copy of the document's octets, which says afterwards that
 * nothing is. False when the arena is full. */
bool office_97_open(struct arena *arena, const struct ole *ole, const struct office_97_lock *lock,
                    const struct office_97_key *key, char *copy);

#endif
