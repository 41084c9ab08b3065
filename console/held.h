/* SPDX-License-Identifier: ISC
 * What a running gateway holds, or has in its journal. */
#ifndef CONSOLE_HELD_H
#define CONSOLE_HELD_H

#include "base/arena.h"
#include "common/held_entry.h"
#include "console/ask.h"

/* Asks on `sock`, page by page, and calls `take` with each copy, the newest first, `most` of them;
 * its texts are valid during the call. False: what is wrong was said. */
bool held_each(int sock, struct held_query *query, size_t most,
               void (*take)(void *ctx, const struct held_entry *entry), void *ctx);

/* A copy's number, a message's reference, or else words of an address or a subject. */
void held_by(struct held_query *query, const char *word);

/* The numbers of all that `word` names, and how many there are, at most `room`. False: what is
 * wrong was said; none is wrong, too. */
bool held_numbers(int sock, enum held_place place, const char *word, bool all, uint64_t *numbers,
                  size_t room, size_t *count);

/* What `word` names, a number or a reference: the newest of the copies that are still there, else
 * the newest; its texts are in the arena. *others: the numbers of the other copies, at most `room`.
 * False: what is wrong was said. */
bool held_one(int sock, enum held_place place, const char *word, struct arena *arena,
              struct held_entry *entry, uint64_t *others, size_t room, size_t *count);

#endif
