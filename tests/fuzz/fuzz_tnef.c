/* SPDX-License-Identifier: ISC
 * TNEF: whatever is listed lies in the input. */
#include "filters/containers/tnef.h"
#include "tests/fuzz/target.h"

static void require_within(struct slice raw, struct slice part)
{
    require(!part.len || (part.ptr >= raw.ptr && part.ptr + part.len <= raw.ptr + raw.len));
}

FUZZ_WITH_ARENA(raw, 16 * 1024 * 1024)
{
    struct tnef tnef;
    if (!tnef_list(arena, raw, 100, &tnef))
        return;
    for (size_t i = 0; i < tnef.n; i++)
        require_within(raw, tnef.attachments[i].data);
    for (size_t i = 0; i < tnef.n_words; i++)
        require_within(raw, tnef.words[i].octets);
}
