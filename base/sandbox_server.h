/* SPDX-License-Identifier: ISC
 * A jail for a server that is not ours, such as redis-server, which is entered before it is executed: it
 * keeps files in one folder and listens on sockets in it, makes threads and forks. It reaches nobody, reads
 * nothing but its program, libraries and what a C library looks at, and executes nothing else. What a
 * next version of it asks for is not known, so what is not listed fails (ENOSYS) and kills nobody;
 * but who tries to execute dies. Landlock has to be there, of any version. */
#ifndef BASE_SANDBOX_SERVER_H
#define BASE_SANDBOX_SERVER_H

#include <stdbool.h>

/* For good. Between fork and exec, with no_new_privs, all absolute paths. What execve() is to be called with: the only
 * path that it takes from now on is this very one, a copy of `program` whose address nobody knows after
 * the exec. NULL with errno. When the environment asks (GATEPOST_SANDBOX=none) the jail is empty. */
const char *sandbox_enter_server(const char *program, const char *folder);

/* False with errno: this kernel has no Landlock. */
bool sandbox_server_possible(void);

#endif
