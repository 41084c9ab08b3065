/* SPDX-License-Identifier: ISC */
#ifndef CONSOLE_TRANSPARENT_OPTIONS_H
#define CONSOLE_TRANSPARENT_OPTIONS_H

#include "console/transparent/capture_rules.h"

struct transparent_options {
    struct capture_options capture;
    const char *config; /* NULL: the shipped policy */
    bool config_given, check;
};

/* False: wrong arguments; what is wrong is said. */
bool transparent_options_parse(int argc, char *argv[], struct arena *arena,
                               struct transparent_options *out);

/* The command that makes all anew, for a shell. */
struct slice transparent_options_again(const struct transparent_options *options,
                                       struct arena *arena);

#endif
