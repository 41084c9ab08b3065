/* SPDX-License-Identifier: ISC */
#include "filters/documents/ole_chain.h"

#include "filters/cpu_budget.h"

#include <string.h>

struct slice ole_unit(const struct ole_units *units, uint32_t n)
{
    uint64_t at = ((uint64_t)n + units->skipped) << units->shift;
    if (at >= units->space.len)
        return (struct slice){0};
    return slice_sub(units->space, (size_t)at, (size_t)(at + (1ULL << units->shift)));
}

static uint32_t after(const struct ole_units *units, uint32_t n)
{
    return n < units->count ? units->next[n] : UINT32_MAX;
}

/* How many octets a chain has, at most `max`; it may not be longer than there are units. A size may
 * lie, and what is not there takes no memory. */
static size_t chain_len(const struct ole_units *units, uint32_t first, uint64_t max)
{
    size_t steps = (units->space.len >> units->shift) + 1, len = 0;
    if (max > units->space.len)
        max = units->space.len;
    for (uint32_t n = first; n < OLE_END_OF_CHAIN && len < max && steps > 0; n = after(units, n)) {
        struct slice part = ole_unit(units, n);
        if (part.len == 0 || cpu_budget_spent(sizeof n))
            break;
        len += part.len;
        steps--;
    }
    return len < max ? len : (size_t)max;
}

struct slice ole_chain_read(struct arena *arena, const struct ole_units *units, uint32_t first,
                            uint64_t max)
{
    size_t whole = chain_len(units, first, max), len = 0;
    char *out = arena_alloc(arena, whole + 1);
    if (!out)
        return (struct slice){0};
    for (uint32_t n = first; len < whole; n = after(units, n)) {
        struct slice part = slice_sub(ole_unit(units, n), 0, whole - len);
        memcpy(out + len, part.ptr, part.len);
        len += part.len;
        if (cpu_budget_spent(part.len))
            break;
    }
    return (struct slice){out, len};
}

void ole_chain_put(const struct ole_units *units, uint32_t first, struct slice octets, char *copy)
{
    size_t left = chain_len(units, first, octets.len);
    for (uint32_t n = first; left > 0; n = after(units, n)) {
        struct slice part = slice_sub(ole_unit(units, n), 0, left);
        memcpy(copy + (part.ptr - units->space.ptr), octets.ptr, part.len);
        octets = slice_from(octets, part.len);
        left -= part.len;
    }
}

void ole_chain_blank(const struct ole_units *units, uint32_t first, uint64_t max, char *copy)
{
    size_t left = chain_len(units, first, max);
    for (uint32_t n = first; left > 0; n = after(units, n)) {
        struct slice part = slice_sub(ole_unit(units, n), 0, left);
        memset(copy + (part.ptr - units->space.ptr), 0, part.len);
        left -= part.len;
    }
}
