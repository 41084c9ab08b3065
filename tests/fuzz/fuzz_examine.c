/* SPDX-License-Identifier: ISC
 * A whole message from bytes to facts, and the answer over the wire. Dictionary: mime.dict. */
#include "filters/examine.h"

#include <stdlib.h>

enum { ARENA = 64 << 20 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    const char *reason;
    if (!examine_warm_up(&reason))
        abort();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct slice headers[] = {{"subject", 7}, {"received", 8}};
    struct scan_job job = {.message = true,
                           .attachments = true,
                           .from.sender = SLICE("a@example.com"),
                           .headers = headers,
                           .header_count = 2,
                           .limits = {4, 100, 200, 4 << 20, 0, 0}};
    struct arena *arena = arena_new(ARENA);
    struct scan_answer answer, received;
    if (examine(arena, (struct slice){(const char *)data, size}, &job, &answer)) {
        struct buf out = buf_init(IPC_PAYLOAD_MAX);
        if (!scan_answer_encode(&out, 2, &answer) ||
            !scan_answer_decode(buf_slice(&out), arena, 2, &received))
            abort();
        for (size_t i = 0; i < answer.part_count; i++)
            if (answer.parts[i].end > size)
                abort();
        buf_release(&out);
    }
    arena_free(&arena);
    return 0;
}
