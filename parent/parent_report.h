/* SPDX-License-Identifier: ISC
 * What is said of a configuration (policy/config.h), in the log: a line for each event, without the
 * lines of the files that people are shown. */
#ifndef PARENT_PARENT_REPORT_H
#define PARENT_PARENT_REPORT_H

#include "base/slice.h"

/* A line for each warning. */
void report_log_warnings(struct slice report);

/* One line: the first error, and how many others there are. `path` is the configuration. */
void report_log_refusal(struct slice report, const char *path);

#endif
