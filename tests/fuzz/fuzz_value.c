/* SPDX-License-Identifier: ISC
 * Values from a scanner that was taken over: the first octet picks the fact, the rest is its value.
 * What decodes must encode to the same bytes. */
#include "policy/facts.h"
#include "tests/fuzz/target.h"

FUZZ_WITH_ARENA(all, 4 << 20)
{
    if (all.len == 0)
        return;
    const struct type *type = &fact_info((enum fact)(fuzz_octet(&all) % FACT_COUNT))->type;
    struct slice rest = all;
    struct buf again = buf_init(4 << 20), json = buf_init(16 << 20);
    struct value value;
    if (value_decode(&rest, type, arena, &value)) {
        value_json(&json, type, &value);
        if (!value_encode(&again, type, &value) ||
            !slice_eq(buf_slice(&again), slice_sub(all, 0, all.len - rest.len)))
            abort();
    }
    buf_release(&again);
    buf_release(&json);
}
