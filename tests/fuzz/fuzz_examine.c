/* SPDX-License-Identifier: ISC
 * A whole message from bytes to facts, and the answer over the wire. Dictionary: mime.dict. */
#include "filters/examine.h"
#include "tests/fuzz/target.h"

enum { ARENA = 64 << 20 };

FUZZ_WARM_UP()
{
    const char *reason;
    return examine_warm_up(&reason);
}

FUZZ_WITH_ARENA(input, ARENA)
{
    static const struct slice headers[] = {{"subject", 7}, {"received", 8}};
    struct scan_job job = {.message = true,
                           .digest = true,
                           .attachments = true,
                           .outline = true,
                           .from.sender = SLICE("a@example.com"),
                           .headers = headers,
                           .header_count = 2,
                           .limits = {4, 100, 200, 4 << 20, 0, 0, 0}};
    struct scan_answer answer, received;
    if (examine(arena, input, &job, &answer)) {
        struct buf out = buf_init(SCAN_ANSWER_MAX);
        if (!scan_answer_encode(&out, 2, &answer) ||
            !scan_answer_decode(buf_slice(&out), arena, 2, &received))
            abort();
        for (size_t i = 0; i < answer.part_count; i++)
            if (answer.parts[i].end > input.len)
                abort();
        buf_release(&out);
    }
}
