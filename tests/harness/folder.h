/* SPDX-License-Identifier: ISC
 * Folders for what a test writes: in memory where that can be, as databases sync often, and a disk that others use as
 * well takes minutes for it. */
#ifndef TESTS_HARNESS_FOLDER_H
#define TESTS_HARNESS_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FOLDER_MAX = 64 };

/* A new one, its path in `room`; the caller takes it away. False with errno. */
static inline bool folder_new(char room[static FOLDER_MAX], const char *name)
{
    const char *in = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(room, FOLDER_MAX, "%s/gatepost-%s-XXXXXX", in, name);
    return mkdtemp(room) != NULL;
}

#endif
