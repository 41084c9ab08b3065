/* SPDX-License-Identifier: ISC
 * All messages of a command line through the pipeline,
 * each answer printed as soon as its turn comes. */
#ifndef CONSOLE_RUN_H
#define CONSOLE_RUN_H

#include "console/check_options.h"
#include "console/configuration.h"

/* Appends what is said of a message, judged by this configuration. `e` may have an error. */
typedef void run_print(struct buf *out, const struct configuration *by, const struct trial *e);

/* Returns the exit status: STATUS_ERROR when anything could not be examined,
 * else that of the strictest verdict. */
int run_messages(const struct check_options *options, run_print *print);

#endif
