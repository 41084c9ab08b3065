/* SPDX-License-Identifier: ISC */
#include "keeper/account_digest.h"

#include "common/client_hash.h"

#include <inttypes.h>
#include <stdio.h>

enum { ADDRESS_MOST = 320 };

struct slice account_name(struct slice address)
{
    size_t at = slice_rfind(address, '\\');
    struct slice name = slice_trim(slice_from(address, at < address.len ? at + 1 : 0));
    return name.len && name.ptr[name.len - 1] == '.' ? slice_sub(name, 0, name.len - 1) : name;
}

bool account_digest(const uint64_t key[static 2], struct slice address,
                    char out[static ACCOUNT_DIGEST])
{
    char small[ADDRESS_MOST];
    address = account_name(address);
    if (address.len == 0 || address.len > sizeof small)
        return false;
    for (size_t i = 0; i < address.len; i++)
        small[i] = ascii_lower(address.ptr[i]);
    uint64_t digest = siphash(key, (struct slice){small, address.len});
    return snprintf(out, ACCOUNT_DIGEST, "%016" PRIx64, digest) == ACCOUNT_DIGEST - 1;
}
