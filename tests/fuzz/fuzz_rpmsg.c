/* SPDX-License-Identifier: ISC
 * Messages under a server's rights: blocks come to no more than the file, and all that looks into them
 * ends. */
#include "filters/containers/rpmsg.h"
#include "filters/files/inspect.h"
#include "tests/fuzz/target.h"

FUZZ_WARM_UP()
{
    return inspect_warm_up();
}

FUZZ_WITH_ARENA(raw, 4 << 20)
{
    struct archive_limits limits = archive_default_limits();
    struct inspection in;
    struct rpmsg rpmsg;
    struct slice zlib;
    size_t octets = 0;
    if (!rpmsg_open(raw, &rpmsg))
        return;
    while (rpmsg_next(&rpmsg, &zlib))
        octets += zlib.len;
    require(octets + rpmsg.rest.len <= raw.len);
    limits.total = limits.member = 1 << 20;
    limits.entries = 100;
    in = inspection_of(arena, limits);
    inspect_file(&in, &SLICE("a"), 1, raw);
}
