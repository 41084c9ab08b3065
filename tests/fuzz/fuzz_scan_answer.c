/* SPDX-License-Identifier: ISC
 * What a scanner that was taken over may answer. The first byte is the number of header keys. */
#include "filters/scan_job.h"

#include <stdlib.h>

enum { ARENA = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t headers = data[0];
    struct arena *arena = arena_new(ARENA);
    struct slice payload = {(const char *)data + 1, size - 1};
    struct scan_answer answer, again;
    if (scan_answer_decode(payload, arena, headers, &answer)) {
        struct buf out = buf_init(IPC_PAYLOAD_MAX);
        if (!scan_answer_encode(&out, headers, &answer) ||
            !scan_answer_decode(buf_slice(&out), arena, headers, &again))
            abort(); /* what was read can be written and read again */
        buf_release(&out);
    }
    arena_free(&arena);
    return 0;
}
