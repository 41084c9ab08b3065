/* SPDX-License-Identifier: ISC
 * What is too large for a packet goes in a file beside it. */
#ifndef BASE_IPC_FILE_H
#define BASE_IPC_FILE_H

#include "base/arena.h"

/* A new memfd that holds it, the caller's. -1 with errno. */
int ipc_file_of(struct slice payload);

/* A copy of what came in a file: of at most so many octets. It may be any descriptor that a hostile
 * peer has, and change meanwhile. ptr NULL: it cannot be had. `file` stays the caller's. */
struct slice ipc_file_read(int file, size_t most, struct arena *arena);

#endif
