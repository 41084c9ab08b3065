/* SPDX-License-Identifier: ISC
 * gatepost-scan: the family that looks into messages. */
#include "base/log.h"
#include "filters/examine.h"
#include "filters/examine_spam.h"
#include "filters/scanner/family.h"

#include <unistd.h>

enum { MIB = 1024 * 1024 };

/* One that is no use, as it is of another version, is done without: mail must go on. */
static void take_model(int model)
{
    const char *reason;
    if (!examine_spam_with(model, &reason))
        log_at(LEVEL_ERROR, "", "the model cannot be read", field_str("reason", reason));
}

static bool prepare(struct family_options *options, const char **reason)
{
    if (!examine_warm_up(reason))
        return false;
    if (options->model)
        take_model((int)options->model);
    return true;
}

static enum family_outcome scan(struct arena *arena, struct slice message,
                                const struct scan_job *job, struct scan_answer *answer,
                                const char **reason)
{
    return family_examine(examine, arena, message, job, answer, reason);
}

int main(int argc, char *argv[])
{
    static const struct family scanners = {
        .name = "gatepost-scan",
        .jail = JAIL_PURE,
        .memory = 1024ULL * MIB,
        .arena = (size_t)256 * MIB,
        .prepare = prepare,
        .scan = scan,
    };
    /* nothing to flush; and a chroot has no /proc for a leak checker */
    _exit(family_main(&scanners, argc, argv));
}
