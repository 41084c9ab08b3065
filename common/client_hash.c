/* SPDX-License-Identifier: ISC */
#include "common/client_hash.h"

#include <string.h>

uint64_t client_hash(const uint64_t key[static 2], const struct ip *ip, uint16_t port)
{
    char bytes[1 + sizeof ip->bytes + sizeof port] = {(char)ip->family};
    memcpy(bytes + 1, ip->bytes, ip->family == 6 ? 16 : 4);
    memcpy(bytes + 1 + sizeof ip->bytes, &port, sizeof port);
    return siphash(key, (struct slice){bytes, sizeof bytes});
}
