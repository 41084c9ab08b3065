/* SPDX-License-Identifier: ISC */
#include "filters/cpu_budget.h"

#include <time.h>

enum { LOOK_OCTETS = 64 * 1024, MIB = 1024 * 1024, NS_IN_MS = 1000000, MS_IN_S = 1000 };

static struct {
    bool bounded, spent;
    uint64_t end;   /* of the process' CPU time, milliseconds */
    size_t unasked; /* octets since the clock was read */
} budget;

static uint64_t used_ms(void)
{
    struct timespec used = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * MS_IN_S + (uint64_t)used.tv_nsec / NS_IN_MS;
}

void cpu_budget_begin(uint64_t ms)
{
    budget.bounded = ms > 0;
    budget.spent = false;
    budget.unasked = 0;
    budget.end = ms ? used_ms() + ms : 0;
}

bool cpu_budget_spent(size_t octets)
{
    if (!budget.bounded || budget.spent)
        return budget.spent;
    if (octets < LOOK_OCTETS - budget.unasked) {
        budget.unasked += octets;
        return false;
    }
    budget.unasked = 0;
    budget.spent = used_ms() >= budget.end;
    return budget.spent;
}

uint64_t cpu_budget_for(uint64_t octets, uint32_t base, uint32_t per_mib)
{
    return base + octets * per_mib / MIB;
}
