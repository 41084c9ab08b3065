/* SPDX-License-Identifier: ISC */
#include "filters/containers/rpmsg.h"

#include "filters/mime/bytes.h"

#define SIGNATURE SLICE("\x76\xe8\x04\x60\xc4\x11\xe3\x86")

enum { BLOCK = 0xfa0, BLOCK_HEAD = 12 };

bool rpmsg_open(struct slice content, struct rpmsg *out)
{
    out->rest = slice_from(content, SIGNATURE.len);
    return slice_starts(content, SIGNATURE);
}

bool rpmsg_next(struct rpmsg *rpmsg, struct slice *zlib)
{
    uint32_t packed = bytes_le32(rpmsg->rest, 8);
    if (bytes_le32(rpmsg->rest, 0) != BLOCK || !bytes_has(rpmsg->rest, BLOCK_HEAD, packed))
        return false;
    *zlib = slice_sub(rpmsg->rest, BLOCK_HEAD, (size_t)BLOCK_HEAD + packed);
    rpmsg->rest = slice_from(rpmsg->rest, (size_t)BLOCK_HEAD + packed);
    return true;
}
