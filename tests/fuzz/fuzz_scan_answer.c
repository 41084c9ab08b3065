/* SPDX-License-Identifier: ISC
 * What a scanner that was taken over may answer. The first byte is the number of header keys. */
#include "filters/scanner/scan_job.h"
#include "tests/fuzz/target.h"

enum { ARENA = 16 << 20 };

FUZZ_WITH_ARENA(payload, ARENA)
{
    if (payload.len == 0)
        return;
    size_t headers = fuzz_octet(&payload);
    struct scan_answer answer, again;
    if (scan_answer_decode(payload, arena, headers, &answer)) {
        struct buf out = buf_init(SCAN_ANSWER_MAX);
        if (!scan_answer_encode(&out, headers, &answer) ||
            !scan_answer_decode(buf_slice(&out), arena, headers, &again))
            abort(); /* what was read can be written and read again */
        buf_release(&out);
    }
}
