/* SPDX-License-Identifier: ISC
 * A message and its sender judged over rounds of DNS answers, with job and answer over the wire.
 * Up to the first NUL: what every name that is asked for has; up to the second: the sender. */
#include "filters/examine.h"
#include "tests/fuzz/auth_answers.h"
#include "tests/fuzz/target.h"

enum { ARENA = 64 << 20, ROUNDS = 64 };

FUZZ_WARM_UP()
{
    const char *reason;
    return examine_warm_up(&reason);
}

/* As the scanner gets it. */
static bool receive(struct arena *arena, const struct scan_job *job, struct scan_job *out)
{
    struct buf bytes = buf_init(SCAN_JOB_MAX);
    struct slice copy = {NULL, 0};
    if (scan_job_encode(&bytes, job))
        copy = arena_copy(arena, buf_slice(&bytes));
    buf_release(&bytes);
    return copy.ptr && scan_job_decode(copy, arena, out);
}

static bool answer_comes(struct arena *arena, const struct scan_answer *answer)
{
    struct buf bytes = buf_init(SCAN_ANSWER_MAX);
    struct scan_answer got;
    bool ok = scan_answer_encode(&bytes, 0, answer) &&
              scan_answer_decode(buf_slice(&bytes), arena, 0, &got) &&
              !got.wanted_count == !answer->wanted_count;
    buf_release(&bytes);
    return ok;
}

static void add_answers(struct arena *arena, const struct scan_answer *answer, struct slice record,
                        struct dns_answers *dns)
{
    for (size_t i = 0; i < answer->wanted_count; i++)
        dns_prefetch(dns, answer->wanted[i].name, answer->wanted[i].type);
    fuzz_answer(arena, dns, record);
}

static void judge(struct arena *arena, struct slice message, struct scan_job *job,
                  struct slice record)
{
    struct scan_answer answer;
    struct scan_job received;
    for (int round = 0; receive(arena, job, &received); round++) {
        if (round == ROUNDS)
            abort();
        if (!examine(arena, message, &received, &answer))
            return;
        if (!answer_comes(arena, &answer) && !arena_failed(arena))
            abort();
        bool pending = answer.facts.fact[FACT_DMARC_RESULT].state == VALUE_PENDING;
        if (pending != (answer.wanted_count > 0))
            abort();
        if (!pending)
            return;
        add_answers(arena, &answer, record, job->dns);
    }
}

FUZZ_WITH_ARENA(message, ARENA)
{
    struct slice record, sender;
    slice_cut(message, '\0', &record, &message);
    slice_cut(message, '\0', &sender, &message);
    if (!message.ptr)
        message = SLICE("");
    struct scan_job job = {.message = true,
                           .spf = true,
                           .authentication = true,
                           .from = {.client = {.family = 4, .bytes = {192, 0, 2, 1}},
                                    .helo = SLICE("mail.example.com"),
                                    .sender = sender,
                                    .now = FUZZ_TIME},
                           .dns = dns_answers_new(arena)};
    if (job.dns && dkim_example_keys(job.dns))
        judge(arena, message, &job, record);
}
