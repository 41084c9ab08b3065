/* SPDX-License-Identifier: ISC
 * Children: sibling programs that are spoken to over a control socket. */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stddef.h>
#include <sys/types.h>

enum { CHILD_LINGER = 2000 /* milliseconds from the end of its control socket to its death */ };

enum { CHILD_EXTRA_MAX = 7 };

/* Starts a sibling program with a control socket as descriptor 3, and `extra` as those that follow.
 * Our end of the socket goes to *control, the caller's. The pid, or -1 with errno. */
pid_t child_spawn(const char *program, char *const argv[], const int *extra, size_t extra_count,
                  int *control);

/* "exit 1", "killed by SIGKILL": how a child ended. The text lasts until the next call. */
const char *child_death(int status);

/* A terminal and a service manager signal every process; when a child ends, its parent alone says. So it ignores
 * SIGHUP, SIGINT and SIGTERM, and SIGPIPE, as whatever writes sees the error. */
void child_ignore_signals(void);

#endif
