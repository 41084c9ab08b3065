/* SPDX-License-Identifier: ISC
 * A PROXY header of any octets, as it comes: what it points to lies within it, and nothing behind it is taken. */
#include "proxy/session/proxy_header.h"
#include "tests/fuzz/target.h"

static bool lies_within(struct slice text, struct slice all)
{
    return text.len == 0 || (text.ptr >= all.ptr && text.ptr + text.len <= all.ptr + all.len);
}

static enum proxy_header_state look(struct slice octets)
{
    struct proxy_header header;
    const char *why = "";
    enum proxy_header_state state = proxy_header_read(octets, &header, &why);
    require(lies_within(header.tls_version, octets));
    require(lies_within(header.tls_cipher, octets));
    require(lies_within(header.server_name, octets));
    require(state != PROXY_HEADER_BROKEN || *why);
    return state;
}

FUZZ(in)
{
    for (size_t taken = 0, seen = 1; seen <= in.len; seen++) {
        size_t reach = proxy_header_reach(slice_sub(in, 0, seen));
        if (reach == 0)
            return;
        require(reach >= taken && reach <= seen);
        taken = reach;
        if (look(slice_sub(in, 0, taken)) != PROXY_HEADER_UNFINISHED)
            return;
    }
}
