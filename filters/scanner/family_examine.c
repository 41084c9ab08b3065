/* SPDX-License-Identifier: ISC */
#include "filters/cpu_budget.h"
#include "filters/scanner/family.h"

enum family_outcome
family_examine(bool (*examine)(struct arena *arena, struct slice message,
                               const struct scan_job *job, struct scan_answer *answer),
               struct arena *arena, struct slice message, const struct scan_job *job,
               struct scan_answer *answer, const char **reason)
{
    const struct scan_limits *limits = &job->limits;
    cpu_budget_begin(limits->cpu ? cpu_budget_for(message.len, limits->cpu, limits->cpu_per_mib)
                                 : 0);
    if (examine(arena, message, job, answer))
        return FAMILY_ANSWERED;
    *reason = "the message takes too much memory";
    return FAMILY_REFUSED_BY_IT;
}
