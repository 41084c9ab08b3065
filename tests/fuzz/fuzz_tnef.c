/* SPDX-License-Identifier: ISC
 * TNEF: whatever is listed lies in the input. */
#include "filters/containers/tnef.h"
#include "tests/fuzz/target.h"

FUZZ_WITH_ARENA(raw, 16 * 1024 * 1024)
{
    struct tnef tnef;
    if (tnef_list(arena, raw, 100, &tnef))
        for (size_t i = 0; i < tnef.n; i++) {
            struct slice d = tnef.attachments[i].data;
            if (d.len && (d.ptr < raw.ptr || d.ptr + d.len > raw.ptr + raw.len))
                abort();
        }
}
