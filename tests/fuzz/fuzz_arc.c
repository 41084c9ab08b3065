/* SPDX-License-Identifier: ISC
 * ARC: a key record, NUL, a message. It ends, and what passes was signed by a key that may. */
#include "filters/arc.h"

#include "tests/fuzz/auth_answers.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct arc_outcome *out)
{
    if (out->count > ARC_SETS_MAX || out->oldest_pass > out->count)
        abort();
    if (out->result == ARC_PASS && out->count == 0)
        abort();
    if ((out->result == ARC_FAIL) != (out->reason[0] != '\0'))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice record, message, input = {(const char *)data, size};
    struct arc_outcome out;
    struct arena *arena = arena_new(8 << 20);
    struct dns_answers *dns = dns_answers_new(arena);
    if (!slice_cut(input, '\0', &record, &message)) {
        message = record;
        record = SLICE("v=DKIM1; p=");
    }
    bool done = false;
    if (dns && dkim_example_keys(dns))
        for (int i = 0; i < FUZZ_ROUNDS && !done; i++) {
            done = arc_examine(arena, dns, message, FUZZ_TIME, &out);
            if (!done)
                fuzz_answer(arena, dns, record);
        }
    if (done)
        check(&out);
    else if (dns && !arena_failed(arena) && size < 4096)
        abort();
    arena_free(&arena);
    return 0;
}
