/* SPDX-License-Identifier: ISC
 * DKIM: a key record, NUL, a message. It ends, and what passes was signed by a key that may. */
#include "filters/dkim.h"

#include "tests/fuzz/auth_answers.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct dkim_outcome *out)
{
    if (out->count > DKIM_SIGNATURES_MAX)
        abort();
    for (size_t i = 0; i < out->count; i++) {
        const struct dkim_signature *s = &out->signatures[i];
        bool strong = slice_ieq(s->algorithm, SLICE("rsa-sha256")) ? s->bits >= DKIM_KEY_BITS_MIN
                                                                   : s->bits == 256;
        if (s->result == DKIM_NONE || (s->result == DKIM_PASS && !strong))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice record, message, input = {(const char *)data, size};
    struct dkim_outcome out;
    struct arena *arena = arena_new(8 << 20);
    struct dns_answers *dns = dns_answers_new(arena);
    if (!slice_cut(input, '\0', &record, &message)) {
        message = record;
        record = SLICE("v=DKIM1; p=");
    }
    bool done = false;
    if (dns && dkim_example_keys(dns))
        for (int i = 0; i < FUZZ_ROUNDS && !done; i++) {
            done = dkim_examine(arena, dns, message, FUZZ_TIME, &out);
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
