/* SPDX-License-Identifier: ISC */
#include "base/memory.h"

#include <stdint.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 * 1024 * 1024, LARGE = 2 * HUGE_PAGE };

static unsigned long refusals;

void memory_was_refused(void)
{
    refusals++;
}

unsigned long memory_refusals(void)
{
    return refusals;
}

void memory_in_large_pages(void *memory, size_t size)
{
    uintptr_t from = ((uintptr_t)memory + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
    uintptr_t to = ((uintptr_t)memory + size) & ~(uintptr_t)(HUGE_PAGE - 1);
    if (size >= LARGE && to > from)
        madvise((void *)from, to - from, MADV_HUGEPAGE);
}
