/* SPDX-License-Identifier: ISC
 * Of whom something is kept, where his address is not: a keyed digest of it. */
#ifndef KEEPER_ACCOUNT_DIGEST_H
#define KEEPER_ACCOUNT_DIGEST_H

#include "base/slice.h"

enum { ACCOUNT_DIGEST = 17 }; /* octets in hex, with a NUL */

/* What of it counts, as it is spelt: within `address`. */
struct slice account_name(struct slice address);

/* One user is one, however he spells his login: case, blanks around it, a dot at its end and what stands before a
 * backslash ("CORP\joe") do not count. False: it is no address. */
bool account_digest(const uint64_t key[static 2], struct slice address,
                    char out[static ACCOUNT_DIGEST]);

#endif
