/* SPDX-License-Identifier: ISC
 * A PROXY header of any octets: what it points to lies within it, and pieces say the same as the whole. */
#include "proxy/session/proxy_header.h"

#include <stdlib.h>

static void inside(struct slice text, struct slice all)
{
    if (text.len && (text.ptr < all.ptr || text.ptr + text.len > all.ptr + all.len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = {(const char *)data, size};
    struct proxy_header header;
    const char *why = "";
    for (size_t taken = 0, seen = 1; seen <= size; seen++) {
        size_t reach = proxy_header_reach(slice_sub(all, 0, seen));
        if (reach == 0)
            return 0;
        if (reach < taken || reach > seen)
            abort();
        taken = reach;
        struct slice header_octets = slice_sub(all, 0, taken);
        enum proxy_header_state state = proxy_header_read(header_octets, &header, &why);
        inside(header.tls_version, header_octets);
        inside(header.tls_cipher, header_octets);
        inside(header.server_name, header_octets);
        if (state != PROXY_HEADER_UNFINISHED)
            return 0;
    }
    return 0;
}
