/* SPDX-License-Identifier: ISC
 * The command line of gatepost. */
#ifndef PARENT_PARENT_ARGS_H
#define PARENT_PARENT_ARGS_H

#include <stdbool.h>

enum arguments_want {
    ARGUMENTS_RUN,
    ARGUMENTS_CHECK,
    ARGUMENTS_VERSION,
    ARGUMENTS_FIRST_RUN,
    ARGUMENTS_WRONG
};

struct arguments {
    enum arguments_want want;
    bool foreground;
    const char *path; /* of the configuration */
};

extern const char arguments_usage[];

/* Reads argv (not changed; texts point into it). Wrong ones: want is ARGUMENTS_WRONG.
 * With --first-run among them nothing else is looked at: first_run.h. */
struct arguments arguments_parse(int argc, char *const argv[]);

#endif
