/* SPDX-License-Identifier: ISC
 * What a server behind has said of a recipient may name people: in Redis it stands sealed (AES-256-GCM),
 * under a key that follows from sender and recipient. So who has what is in Redis, and not the two
 * addresses, neither reads it nor makes one. Pure, but for the random number. */
#ifndef PROXY_SMTP_RETRY_SEAL_H
#define PROXY_SMTP_RETRY_SEAL_H

#include "base/buf.h"

#include <stdint.h>

enum { RETRY_SECRET = 32, RETRY_SEAL = 12 + 16 /* octets that are added */ };

/* Appends. False: out of memory, or `out` is full. */
bool retry_seal(struct buf *out, const uint8_t secret[static RETRY_SECRET], struct slice plain);

/* False as well: it was not sealed so. */
bool retry_unseal(struct buf *out, const uint8_t secret[static RETRY_SECRET], struct slice sealed);

#endif
