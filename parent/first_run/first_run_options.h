/* SPDX-License-Identifier: ISC
 * The command line of gatepost --first-run. */
#ifndef PARENT_FIRST_RUN_FIRST_RUN_OPTIONS_H
#define PARENT_FIRST_RUN_FIRST_RUN_OPTIONS_H

#include "parent/first_run/first_run_answers.h"

#include <stdio.h>

struct first_options {
    const char *path; /* of the configuration */
    bool force;       /* replaces what is there */
    bool unchecked;   /* the server is not asked */
};

/* Takes all options; what is wrong with one is said on stderr. */
bool first_options_take(int argc, char *const argv[], struct first_options *options,
                        struct answers *answers);

void first_options_usage(FILE *out);

#endif
