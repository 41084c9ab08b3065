/* SPDX-License-Identifier: ISC */
#include "filters/scanner/worker_time.h"

#include "filters/cpu_budget.h"

#include <unistd.h>

/* Within its budget a message is let go by itself; several times that is taken by what does not ask
 * for it. Where there is no budget, half of the head's patience is as telling. */
enum { EXCESS = 4, PATIENCE_PART = 2, US_IN_MS = 1000 };

static struct {
    const struct scan_reply *_Atomic reply; /* NULL: nothing is at hand */
    uint64_t began, excess;                 /* microseconds */
} now;

uint32_t worker_time_used(void)
{
    uint64_t used = cpu_used() - now.began;
    return used < UINT32_MAX ? (uint32_t)used : UINT32_MAX;
}

bool worker_time_is_excessive(void)
{
    return worker_time_used() >= now.excess;
}

static void on_overdue(int signal)
{
    (void)signal;
    const struct scan_reply *reply = now.reply;
    bool excessive = worker_time_is_excessive();
    struct scan_failure failure = {
        .reason = excessive ? "it takes too much time" : "it took too long",
        .failing = excessive ? SCAN_FAILS_BY_IT : SCAN_FAILS_NOW,
        .cpu = worker_time_used(),
    };
    if (reply)
        scan_refuse_at_once(reply, &failure);
    _exit(0);
}

bool worker_time_init(void)
{
    struct sigaction action = {.sa_handler = on_overdue};
    sigemptyset(&action.sa_mask);
    return sigaction(WORKER_OVERDUE, &action, NULL) == 0;
}

void worker_time_begin(const struct scan_reply *reply, uint64_t octets,
                       const struct scan_limits *limits, unsigned patience)
{
    uint64_t most = (uint64_t)patience / PATIENCE_PART;
    uint64_t budget = EXCESS * cpu_budget_for(octets, limits->cpu, limits->cpu_per_mib);
    now.began = cpu_used();
    now.excess = (limits->cpu && budget < most ? budget : most) * US_IN_MS;
    now.reply = reply;
}

void worker_time_end(void)
{
    now.reply = NULL;
}
