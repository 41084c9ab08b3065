/* SPDX-License-Identifier: ISC
 * ARC: a key record, NUL, a message. It ends, and what passes was signed by a key that may. */
#include "filters/sender/arc.h"
#include "tests/fuzz/auth_answers.h"

static void check(const struct arc_outcome *out)
{
    if (out->count > ARC_SETS_MAX || out->oldest_pass > out->count)
        abort();
    if (out->result == ARC_PASS && out->count == 0)
        abort();
    if ((out->result == ARC_FAIL) != (out->reason[0] != '\0'))
        abort();
}

static bool look(struct arena *arena, struct dns_answers *dns, struct slice message, void *out)
{
    return arc_examine(arena, dns, message, FUZZ_TIME, out);
}

FUZZ_WITH_ARENA(input, 8 << 20)
{
    struct arc_outcome out;
    if (fuzz_rounds(arena, input, look, &out))
        check(&out);
}
