/* SPDX-License-Identifier: ISC
 * Header blocks and envelopes, as the proxy looks at them. Up to the first NUL: the sender. */
#include "filters/sender/auth_prefetch.h"
#include "filters/sender/auth_results.h"
#include "tests/fuzz/target.h"

enum { ARENA = 16 << 20 };

static void check(const struct auth_prefetch *out)
{
    if (out->count > AUTH_PREFETCH_MAX)
        abort();
    for (size_t i = 0; i < out->count; i++) {
        if (!dns_name_can_exist(out->wanted[i].name))
            abort();
        for (size_t k = 0; k < i; k++)
            if (slice_ieq(out->wanted[i].name, out->wanted[k].name))
                abort();
    }
}

FUZZ_WITH_ARENA(text, ARENA)
{
    struct slice sender, block;
    struct auth_prefetch out;
    if (!slice_cut(text, '\0', &sender, &block))
        block = text;
    if (auth_prefetch_envelope(arena, sender, sender, &out))
        check(&out);
    if (auth_prefetch_header(arena, sender, block, &out))
        check(&out);
    struct slice word = auth_results_read(text, SLICE("dmarc"));
    if (word.len && (word.ptr < text.ptr || word.ptr + word.len > text.ptr + text.len))
        abort();
}
