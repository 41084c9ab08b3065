/* SPDX-License-Identifier: ISC
 * The first message that is attached to one, and the answer over the wire. Dictionary: mime.dict. */
#include "filters/examine.h"
#include "tests/fuzz/target.h"

enum { ARENA = 64 << 20 };

FUZZ_WITH_ARENA(input, ARENA)
{
    const struct scan_job job = {
        .vector = true, .attached = 1, .limits = {4, 100, 200, 4 << 20, 0, 0, 0}};
    struct scan_answer answer, received;
    if (!examine(arena, input, &job, &answer))
        return;
    struct buf out = buf_init(SCAN_ANSWER_MAX);
    if (!scan_answer_encode(&out, 0, &answer) ||
        !scan_answer_decode(buf_slice(&out), arena, 0, &received) ||
        received.attached.there != answer.attached.there ||
        (received.attached.there && received.attached.count == 0))
        abort();
    buf_release(&out);
}
