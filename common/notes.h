/* SPDX-License-Identifier: ISC
 * Notes that all proxies leave for one another, in shared memory: a few octets under a hash, until
 * a time. The table is fixed; where its place is taken, the note that ends first gives way.
 * Processes may write at once, and die while they do: a note that is not whole is not there. */
#ifndef COMMON_NOTES_H
#define COMMON_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NOTE_MAX = 288,                       /* octets of one note */
    NOTE_LIFE_MAX = 2 * 24 * 3600 * 1000, /* milliseconds: who says more is not believed */
};

/* Lives in shared memory; all zeros is empty. The key seals notes and is the same for all. */
struct notes;

size_t notes_size(void);

/* Keeps a copy of `size` octets (at most NOTE_MAX) until clock_ms passes `until`, at most
 * NOTE_LIFE_MAX from now; what stood under the hash is gone. The hash is the caller's, keyed so that nobody outside can choose it. */
void notes_put(struct notes *notes, const uint64_t key[static 2], uint64_t hash, const void *note,
               size_t size, int64_t until);

/* Copies the note's first `size` octets. False: there is none. */
bool notes_get(const struct notes *notes, const uint64_t key[static 2], uint64_t hash, void *note,
               size_t size, int64_t now);

void notes_forget(struct notes *notes, uint64_t hash);

#endif
