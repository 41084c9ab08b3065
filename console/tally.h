/* SPDX-License-Identifier: ISC
 * How often each word was seen. */
#ifndef CONSOLE_TALLY_H
#define CONSOLE_TALLY_H

#include "base/slice.h"

#include <stdint.h>

struct tally_entry {
    char *word; /* owned */
    uint64_t count;
};

struct tally {
    struct tally_entry
        *entries;       /* owned; a hash table until tally_sort, then the most frequent first */
    size_t count, room; /* room: a power of two, or 0 */
    bool failed;        /* memory is out: some are not counted */
};

void tally_add(struct tally *tally, struct slice word, uint64_t times);
void tally_sort(struct tally *tally); /* nothing may be added afterwards */
void tally_free(struct tally *tally);

#endif
