/* SPDX-License-Identifier: ISC
 * The key of features, which follows from the private one. */
#ifndef KEEPER_LEARN_KEY_H
#define KEEPER_LEARN_KEY_H

#include "filters/spam/spam_cell.h"
#include "keeper/unseal.h"

/* Of the first key. False: out of memory. */
bool learn_feature_key(const struct unseal_keys *keys, uint8_t out[static SPAM_KEY_SIZE]);

#endif
