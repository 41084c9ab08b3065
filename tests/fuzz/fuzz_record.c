/* SPDX-License-Identifier: ISC
 * What a proxy that was taken over may send to the keeper, and what a damaged history may hold. */
#include "common/record.h"
#include "tests/fuzz/target.h"

enum { ARENA = 16 << 20, ROOM = 4 << 20 };

FUZZ_WITH_ARENA(octets, ARENA)
{
    struct record record, again;
    if (!record_decode(octets, arena, &record))
        return;
    struct buf out = buf_init(ROOM), json = buf_init(ROOM);
    if (record_encode(&out, &record))
        require(record_decode(buf_slice(&out), arena, &again)); /* and is one again */
    record_json(&json, &record);
    buf_release(&out);
    buf_release(&json);
}
