/* SPDX-License-Identifier: ISC
 * RC4, which documents of old are encrypted by, and libcrypto keeps apart. */
#ifndef FILTERS_RC4_H
#define FILTERS_RC4_H

#include "base/slice.h"

/* Encrypts or decrypts (it knows no difference) in place; the key has 1 to 256 octets. */
void rc4(struct slice key, char *data, size_t len);

#endif
