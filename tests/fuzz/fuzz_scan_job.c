/* SPDX-License-Identifier: ISC
 * What a proxy that was taken over may ask of a scanner. */
#include "filters/scanner/scan_job.h"
#include "tests/fuzz/target.h"

enum { ARENA = 64 << 20 };

static void count(void *context, struct slice name, enum dns_type type,
                  const struct dns_answer *answer)
{
    (void)name;
    (void)type;
    *(size_t *)context += 1 + answer->count;
}

static size_t answers_in(const struct scan_job *job)
{
    size_t found = 0;
    dns_answers_each(job->dns, count, &found);
    return found;
}

FUZZ_WITH_ARENA(payload, ARENA)
{
    struct scan_job job, again;
    if (payload.len <= SCAN_JOB_MAX && scan_job_decode(payload, arena, &job)) {
        struct buf out = buf_init(SCAN_JOB_MAX);
        if (!scan_job_encode(&out, &job) || !scan_job_decode(buf_slice(&out), arena, &again) ||
            answers_in(&job) != answers_in(&again))
            abort(); /* what was read can be written and read again */
        buf_release(&out);
    }
}
