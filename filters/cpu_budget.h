/* SPDX-License-Identifier: ISC
 * How much CPU time this process may spend on the message that it looks at now. Loops that hostile
 * bytes can make long ask whether it is spent, and then end with what they have found, saying so.
 * One message at a time, one thread. */
#ifndef FILTERS_CPU_BUDGET_H
#define FILTERS_CPU_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a file or member says that was not looked into, or not to its end, for this reason. */
#define CPU_BUDGET_SPENT "limit: time"

/* From now on there are `ms` milliseconds; 0: as many as it takes, as it is without a call. */
void cpu_budget_begin(uint64_t ms);

/* Whether they are spent. `octets` have been looked at since the last question:
 * so that it is cheap, the clock is read once for some ten thousand of them.
 * Once true, it stays so until the next cpu_budget_begin. */
bool cpu_budget_spent(size_t octets);

/* What this process has used so far, microseconds. A signal's handler may ask. */
uint64_t cpu_used(void);

/* What a message of so many octets has: `base`, and `per_mib` for each MiB; in milliseconds. */
uint64_t cpu_budget_for(uint64_t octets, uint32_t base, uint32_t per_mib);

#endif
