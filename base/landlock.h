/* SPDX-License-Identifier: ISC
 * Landlock by its system calls (Debian 12's C library has no wrappers). */
#ifndef BASE_LANDLOCK_H
#define BASE_LANDLOCK_H

#include <stdbool.h>

/* Denies for good every access to files, except below `folder` (NULL: none at all),
 * and, where the kernel can, TCP. Needs no_new_privs.
 * False with errno; EOPNOTSUPP or ENOSYS: this kernel has no Landlock. */
bool landlock_confine(const char *folder);

#endif
