/* SPDX-License-Identifier: ISC
 * The jails: seccomp (KILL_PROCESS for what is not listed) and Landlock. Which calls a jail allows
 * is told in sandbox.c, a table a jail. With sanitizers, and when the environment asks
 * (GATEPOST_SANDBOX=none), the jail is empty. */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include <stdbool.h>

enum jail {
    JAIL_PURE,      /* bytes in, facts out: no files, no sockets to be opened */
    JAIL_OPENER,    /* as pure, and makes memfds that nobody can change any more */
    JAIL_ANTIVIRUS, /* as pure, with files below one private folder */
    JAIL_PROXY,     /* network, no files, no processes */
    JAIL_KEEPER,    /* files below one folder, sockets that it was given */
    JAIL_MILTER,    /* threads, and a socket that it was given to accept from */
    JAIL_SOURCE,    /* makes TCP sockets and binds them; it connects none */
};

/* Enters for good. `folder` is the only one that JAIL_ANTIVIRUS and JAIL_KEEPER may use (NULL
 * otherwise). False
 * with *reason: the caller must not go on. */
bool sandbox_enter(enum jail jail, const char *folder, const char **reason);

#endif
