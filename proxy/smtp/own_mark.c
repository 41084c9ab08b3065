/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/own_mark.h"

#include "common/client_hash.h"

#include <stdio.h>

struct slice own_mark(const struct shared *shared, char out[static OWN_MARK_MAX])
{
    uint64_t hash = siphash(shared_key(shared), SLICE("the gateway itself"));
    int len = snprintf(out, OWN_MARK_MAX, "X-GATEPOST-%016llX", (unsigned long long)hash);
    return (struct slice){out, (size_t)len};
}
