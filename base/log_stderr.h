/* SPDX-License-Identifier: ISC
 * stderr, which never makes its writer wait: whoever reads it may have stopped, and others write to it too. */
#ifndef BASE_LOG_STDERR_H
#define BASE_LOG_STDERR_H

#include <stdbool.h>
#include <stddef.h>

/* A pipe or a terminal is opened anew in the place of what was inherited, for this process and its children: so it
 * does not wait, and whoever had it before finds it as it was. Before any chroot and jail. */
void log_stderr_open(void);

/* A line with its newline. False: there was no room for all of it; what was begun ends before the next. */
bool log_stderr_write(char *line, size_t size);

#endif
