/* SPDX-License-Identifier: ISC */
#include "base/memory.h"

static unsigned long refusals;

void memory_was_refused(void)
{
    refusals++;
}

unsigned long memory_refusals(void)
{
    return refusals;
}
