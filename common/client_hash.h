/* SPDX-License-Identifier: ISC
 * A keyed hash of an address (SipHash-2-4),
 * so that nobody outside can choose addresses that collide. */
#ifndef COMMON_CLIENT_HASH_H
#define COMMON_CLIENT_HASH_H

#include "policy/value.h"

uint64_t client_hash(const uint64_t key[static 2], const struct ip *ip, uint16_t port);

/* SipHash-2-4 of any bytes (Aumasson and Bernstein). */
uint64_t siphash(const uint64_t key[static 2], struct slice bytes);

#endif
