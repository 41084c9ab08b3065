/* SPDX-License-Identifier: ISC */
#include "filters/documents/office_address.h"

static bool is_share(struct slice path)
{
    return slice_starts(path, SLICE("\\\\")) || slice_starts(path, SLICE("//"));
}

/* "file://server/share", "file:///\\server\share", "file:////server/share" */
static bool is_file_of_another_host(struct slice address)
{
    static const struct slice scheme = SLICE("file:");
    if (!slice_istarts(address, scheme))
        return false;
    struct slice path = slice_from(address, scheme.len);
    if (!slice_starts(path, SLICE("//")))
        return is_share(path);
    path = slice_from(path, 2);
    if (slice_istarts(path, SLICE("localhost/")))
        return false;
    bool rooted = slice_starts(path, SLICE("/"));
    return rooted ? is_share(slice_from(path, 1)) : path.len > 1 && path.ptr[1] != ':';
}

bool office_is_remote(struct slice address)
{
    static const struct slice schemes[] = {
        SLICE("http:"), SLICE("https:"), SLICE("ftp:"),    SLICE("mhtml:"),
        SLICE("mk:"),   SLICE("its:"),   SLICE("ms-its:"),
    };
    address = slice_trim(address);
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (slice_istarts(address, schemes[i]))
            return true;
    return is_share(address) || is_file_of_another_host(address);
}
