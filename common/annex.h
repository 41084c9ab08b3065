/* SPDX-License-Identifier: ISC
 * A file of a configuration that is too large to be carried in its bundle: a copy in a memfd of its
 * own, sealed, which all processes map. So it is there once, whoever looks into it, and nobody can
 * cut or change it under them, whatever becomes of the file. The same holds for an index of it, in a
 * second memfd, that whoever reads the file first has made. */
#ifndef COMMON_ANNEX_H
#define COMMON_ANNEX_H

#include "base/slice.h"

#include <sys/stat.h>

enum { ANNEX_MAX = 1024 * 1024 * 1024 };

struct annex {
    int fd; /* -1: there is none */
    struct slice content;
    struct stat status; /* of the file, when it was opened */
    int index_fd;       /* means nothing while there is no index */
    struct slice index; /* ptr NULL: there is none */
};

/* A copy of a regular file of up to ANNEX_MAX octets; `before` (NULL: none) is it where the file has
 * not changed since. False: *reason says why. */
bool annex_copy(const char *path, const struct annex *before, struct annex *out,
                const char **reason);

/* The same copy once more, with its index, whatever the file is now. False: *reason says why. */
bool annex_share(const struct annex *annex, struct annex *out, const char **reason);

/* One that annex_copy made, here or in another process; `fd` is its own from then on. False: it is
 * none, and fd is closed. */
bool annex_take(int fd, struct annex *out);

/* Makes its index of a copy of these octets, once. False: no memory. */
bool annex_make_index(struct annex *annex, struct slice octets);

/* Its index, made in another process; as annex_take. */
bool annex_take_index(struct annex *annex, int fd);

void annex_free(struct annex *annex);

#endif
