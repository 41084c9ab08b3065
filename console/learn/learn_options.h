/* SPDX-License-Identifier: ISC
 * What `learn` is told on the command line. */
#ifndef CONSOLE_LEARN_LEARN_OPTIONS_H
#define CONSOLE_LEARN_LEARN_OPTIONS_H

#include "common/learning.h"
#include "console/ask.h"

struct learn_path {
    const char *name;
    enum label_class class;
};

struct learn_options {
    struct asking asking;
    const char *password_file; /* NULL: passwords are asked for */
    struct learn_path *paths;  /* owned */
    size_t count;
};

/* False when the arguments are wrong. learn_options_free either way. */
bool learn_options_parse(int argc, char *argv[], struct learn_options *out);
void learn_options_free(struct learn_options *options);

#endif
