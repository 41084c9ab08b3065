/* SPDX-License-Identifier: ISC */
#include "filters/cpu_budget.h"

#include <time.h>

enum {
    LOOK_OCTETS = 64 * 1024,
    MIB = 1024 * 1024,
    NS_IN_US = 1000,
    US_IN_MS = 1000,
    US_IN_S = 1000000,
};

static struct {
    bool bounded, spent;
    uint64_t end;   /* of the process' CPU time, microseconds */
    size_t unasked; /* octets since the clock was read */
} budget;

uint64_t cpu_used(void)
{
    struct timespec used = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * US_IN_S + (uint64_t)used.tv_nsec / NS_IN_US;
}

void cpu_budget_begin(uint64_t ms)
{
    budget.bounded = ms > 0;
    budget.spent = false;
    budget.unasked = 0;
    budget.end = ms ? cpu_used() + ms * US_IN_MS : 0;
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
    budget.spent = cpu_used() >= budget.end;
    return budget.spent;
}

uint64_t cpu_budget_for(uint64_t octets, uint32_t base, uint32_t per_mib)
{
    return base + octets * per_mib / MIB;
}
