/* SPDX-License-Identifier: ISC
 * DKIM: a key record, NUL, a message. It ends, and what passes was signed by a key that may. */
#include "filters/sender/dkim.h"
#include "tests/fuzz/auth_answers.h"

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

static bool look(struct arena *arena, struct dns_answers *dns, struct slice message, void *out)
{
    return dkim_examine(arena, dns, message, FUZZ_TIME, out);
}

FUZZ_WITH_ARENA(input, 8 << 20)
{
    struct dkim_outcome out;
    if (fuzz_rounds(arena, input, look, &out))
        check(&out);
}
