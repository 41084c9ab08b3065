/* SPDX-License-Identifier: ISC
 * Starting programs and giving up privileges. */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include "base/slice.h"

#include <sys/types.h>

/* Forks and executes `path` (no shell, no PATH search) with argv and an empty environment but for
 * PATH, TZ and what `environment` lists ("NAME=value", or "NAME" to hand on our own; NULL at its
 * end, or NULL for none). fds[0..n) become its descriptors 3..3+n-1; 0 is /dev/null, 1 and 2 are
 * the caller's 2; every other one is closed. It dies with its parent (PR_SET_PDEATHSIG) when
 * `tied`. Returns the pid, or -1 with errno (also when the exec failed). */
pid_t process_spawn(const char *path, char *const argv[], const char *const environment[],
                    const int *fds, size_t fd_count, bool tied);

/* A server that is not ours. */
struct process_server {
    const char *user; /* whom it runs as, when we are root */
    const char *path;
    char *const *argv;
    const int *fds;
    size_t fd_count;
    const char *folder;        /* the only one that it may use */
    unsigned long long memory; /* most that it is given; 0: any */
};
/* The same for such a one: in a jail (base/sandbox_server.h); always tied, without new privileges and core files, with
 * few descriptors and, as root, few processes, and in a process group of its own, so that a terminal's signals pass it by. */
pid_t process_spawn_server(const struct process_server *server);

/* The path of a sibling program: in $GATEPOST_LIBEXEC, or beside our own executable when it was
 * started from a build folder, or LIBEXECDIR. Written to `out`; false when it does not fit. */
bool process_sibling(const char *name, char *out, size_t size);

/* As root: chroot into `folder` (NULL: none), drop supplementary groups, become `user` for good. As
 * anybody else: only the rest. Always: no new privileges, not dumpable, no core. False with *reason
 * naming the step and errno's text. */
bool process_drop(const char *user, const char *folder, const char **reason);
/* The same, but for one capability (capability(7)) that is kept if we have it. */
bool process_drop_but(const char *user, const char *folder, unsigned capability,
                      const char **reason);

/* Processes of a kind: as many as `configured`, or for 0 one for each core. */
unsigned process_count(unsigned configured);

#endif
