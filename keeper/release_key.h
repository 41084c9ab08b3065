/* SPDX-License-Identifier: ISC
 * The file of private keys. */
#ifndef KEEPER_RELEASE_KEY_H
#define KEEPER_RELEASE_KEY_H

#include "keeper/unseal.h"

/* Reads the keys; into an empty file a new key is written first, and is on the disk then. False with
 * *reason. */
bool release_key_read(int file, struct unseal_keys *keys, const char **reason);

/* What marks are made with (filters/release_mark.h), of the first key: another with it. */
enum { RELEASE_KEY_MARK = 32 };
bool release_key_mark(const struct unseal_keys *keys, unsigned char mark[static RELEASE_KEY_MARK]);

#endif
