/* SPDX-License-Identifier: ISC
 * A keyed hash of an address, so that nobody outside can choose addresses that collide. */
#ifndef COMMON_CLIENT_HASH_H
#define COMMON_CLIENT_HASH_H

#include "base/siphash.h"
#include "policy/value.h"

uint64_t client_hash(const uint64_t key[static 2], const struct ip *ip, uint16_t port);

#endif
