/* SPDX-License-Identifier: ISC
 * gatepost-qr: the family that reads codes in pictures. The only program that links libraries which
 * decode pictures. */
#include "filters/pictures/codes.h"
#include "filters/scanner/family.h"

#include <unistd.h>

enum { MIB = 1024 * 1024 };

static bool prepare(struct family_options *options, const char **reason)
{
    (void)options;
    return codes_warm_up(reason);
}

static enum family_outcome scan(struct arena *arena, struct slice message,
                                const struct scan_job *job, struct scan_answer *answer,
                                const char **reason)
{
    return family_examine(codes_examine, arena, message, job, answer, reason);
}

int main(int argc, char *argv[])
{
    static const struct family pictures = {
        .name = "gatepost-qr",
        .jail = JAIL_PURE,
        .memory = 1024ULL * MIB,
        .arena = (size_t)256 * MIB,
        .prepare = prepare,
        .scan = scan,
    };
    /* nothing to flush; and a chroot has no /proc for a leak checker */
    _exit(family_main(&pictures, argc, argv));
}
