/* SPDX-License-Identifier: ISC
 * A process that holds private keys (gatepost-release, gatepost-learn, gatepost-sign): how it is started, with the
 * file that they are in. Others seal to what it tells is the public one. */
#ifndef PARENT_PARENT_SEALED_H
#define PARENT_PARENT_SEALED_H

#include "parent/parent_helper.h"
#include "policy/config.h"

#include <limits.h>
#include <sys/stat.h>
#include <time.h>

enum { SEALED_GRACE = 2000, SEALED_EXTRA = 2 };

struct sealed_command {
    char key[PATH_MAX], user[64], chroot[PATH_MAX], log_to[16], log_format[16], log_level[16];
    ino_t file; /* that the key is in, and when it was written: it may be another now */
    struct timespec written;
};

/* Why a file with this status is not taken for the keys. NULL: it is. */
const char *sealed_key_fault(const struct stat *status);

/* False: a text of the settings has no room. */
bool sealed_command_for(const struct settings *settings, struct slice key,
                        struct sealed_command *out);
bool sealed_command_same(const struct sealed_command *a, const struct sealed_command *b);

/* Notes which file is there now: it may have been made, or be another. */
void sealed_look_at_key(struct sealed_command *command);

/* Starts it with the pairs' ends and the file of keys, which is made where there is none, as the
 * descriptors behind its control socket. NULL, or why not. */
const char *sealed_start(struct helper *process, const struct sealed_command *command,
                         const int pairs[static SEALED_EXTRA], size_t count, int64_t now);

/* One that gets its keys otherwise: with these descriptors alone. NULL, or why not. */
const char *sealed_spawn(struct helper *process, const struct sealed_command *command,
                         const int *extra, size_t count, int64_t now);

#endif
