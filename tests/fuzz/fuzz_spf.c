/* SPDX-License-Identifier: ISC
 * SPF: lines of a client, a HELO name, a sender and a zone. An evaluation comes to an end within
 * its limits, whatever the zone says, and is the same every time. */
#include "tests/fuzz/target.h"
#include "tests/harness/spf_zone.h"

/* ten terms of a PTR or MX answer with ten hosts each, eleven records that name ten others */
enum { QUESTIONS_MAX = 11 * 10 + 10 * 11 + 11 + 11 };

static void check(struct arena *arena, const struct spf_outcome *out, struct spf_zone_run run)
{
    if (arena_failed(arena))
        return;
    if (run.runs == 0 || run.questions > QUESTIONS_MAX || out->lookups > 11)
        abort();
    for (size_t i = 0; i < out->explanation.len; i++)
        if (out->explanation.ptr[i] < ' ' || out->explanation.ptr[i] > '~')
            abort();
    if (out->explanation.len && out->result != SPF_FAIL)
        abort();
}

FUZZ_WITH_ARENA(zone, 64 * 1024 * 1024)
{
    struct slice ip;
    struct spf_input input = {.receiver = SLICE("mx.example.net")};
    struct spf_outcome first, second;
    slice_cut(zone, '\n', &ip, &zone);
    slice_cut(zone, '\n', &input.helo, &zone);
    slice_cut(zone, '\n', &input.sender, &zone);
    if (!ip_parse(ip, &input.client))
        ip_parse(SLICE("192.0.2.1"), &input.client);
    check(arena, &first, spf_zone_evaluate(arena, zone, &input, spf_evaluate, &first));
    check(arena, &second, spf_zone_evaluate(arena, zone, &input, spf_evaluate, &second));
    if (!arena_failed(arena) && first.result != second.result)
        abort();
}
