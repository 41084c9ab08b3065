/* SPDX-License-Identifier: ISC
 * A folder that is one child's alone. */
#ifndef PARENT_PARENT_FOLDER_H
#define PARENT_PARENT_FOLDER_H

#include <stdbool.h>

/* Makes it where there is none, gives it to `user` and opens it with a lock that a child can
 * inherit, so that a second one is kept out even when its parent was killed. Where it belongs to `former`
 * (NULL: nobody), it is taken over with his files and folders in it, and theirs; no link is followed. A descriptor, the
 * caller's; -1 with *reason: it belongs to somebody else, another one uses it, ... */
int folder_own(const char *path, const char *user, const char *former, const char **reason);

/* Why nothing can be written into it now, whoever tries: a disk that is full or read only. NULL: it can. */
const char *folder_fault(int folder);

/* Gives what is in it another name there, which nothing must have. False with errno. */
bool folder_rename(int folder, const char *from, const char *to);

/* Makes the folders that `path` stands in, for all to enter, where they are not there yet. */
void folders_above(const char *path);

/* The name of a file is on the disk. False with errno. */
bool folder_sync_above(const char *path);

#endif
