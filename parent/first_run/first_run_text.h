/* SPDX-License-Identifier: ISC
 * The configuration that answers make. */
#ifndef PARENT_FIRST_RUN_FIRST_RUN_TEXT_H
#define PARENT_FIRST_RUN_FIRST_RUN_TEXT_H

#include "parent/first_run/first_run_answers.h"

struct first_policy {
    struct slice policy,
        blocklists; /* the files to include, as they are named there; the latter may be empty */
};

/* Appends it; out->failed where it does not fit. */
void first_text(const struct answers *answers, const struct first_policy *policy, struct buf *out);

#endif
