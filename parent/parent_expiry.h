/* SPDX-License-Identifier: ISC
 * Certificates that end soon, or have ended: each day a line in the log. */
#ifndef PARENT_PARENT_EXPIRY_H
#define PARENT_PARENT_EXPIRY_H

#include "parent/parent_load.h"

enum { EXPIRY_EVERY = 24 * 3600 * 1000 /* milliseconds */ };

/* `now`: seconds since 1970. Returns of how many there was something to say. */
size_t expiry_tell(const struct loaded *loaded, int64_t now);

#endif
