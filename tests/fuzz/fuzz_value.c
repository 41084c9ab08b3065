/* SPDX-License-Identifier: ISC
 * Values from a scanner that was taken over: the first octet picks the fact, the rest is its value.
 * What decodes must encode to the same bytes. */
#include "policy/facts.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct type *type = &fact_info((enum fact)(data[0] % FACT_COUNT))->type;
    struct slice all = {(const char *)data + 1, size - 1}, rest = all;
    struct arena *arena = arena_new(4 << 20);
    struct buf again = buf_init(4 << 20), json = buf_init(16 << 20);
    struct value value;
    if (arena && value_decode(&rest, type, arena, &value)) {
        value_json(&json, type, &value);
        if (!value_encode(&again, type, &value) ||
            !slice_eq(buf_slice(&again), slice_sub(all, 0, all.len - rest.len)))
            abort();
    }
    buf_release(&again);
    buf_release(&json);
    arena_free(&arena);
    return 0;
}
