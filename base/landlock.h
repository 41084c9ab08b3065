/* SPDX-License-Identifier: ISC
 * Landlock by its system calls (Debian 12's C library has no wrappers). */
#ifndef BASE_LANDLOCK_H
#define BASE_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

enum landlock_access {
    LANDLOCK_KEEP, /* a folder's files: make, read, write, remove them and folders below */
    LANDLOCK_BIND, /* as KEEP, and sockets */
    LANDLOCK_READ, /* a file, or a folder and what is below */
    LANDLOCK_RUN,  /* as READ, and execute it */
};

struct landlock_place {
    const char *path;
    enum landlock_access access;
};

/* Denies for good every access to files, except to these places, and, where the kernel can, TCP. One that is
 * only to be read or run need not be there. Needs no_new_privs.
 * False with errno; EOPNOTSUPP or ENOSYS: this kernel has no Landlock. */
bool landlock_confine(const struct landlock_place *places, size_t count);

bool landlock_available(void); /* false with errno */

#endif
