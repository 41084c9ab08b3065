/* SPDX-License-Identifier: ISC
 * What users think of messages, in a database of their own: of whom is known by a keyed digest alone,
 * and of each message he has one opinion, the last. */
#ifndef KEEPER_OPINIONS_H
#define KEEPER_OPINIONS_H

#include "common/opinion.h"

struct opinions;

/* Opens or makes it and its key, in the folder that we are in. NULL with *reason. */
struct opinions *opinions_open(const char **reason);
void opinions_close(struct opinions **opinions);

/* Those that a proxy has sent (KEEPING_OPINIONS), each a slice. What cannot be written is lost, and
 * that is logged. `now`: seconds since 1970. */
void opinions_take(struct opinions *opinions, struct slice packet, int64_t now);

/* Those of an address (empty: all) above that number, in their order, at most so many. False with *reason; false from `take`
 * ends it. */
bool opinions_each(struct opinions *opinions, struct slice address, uint64_t above, size_t most,
                   bool (*take)(void *ctx, const struct opinion *opinion), void *ctx,
                   const char **reason);

/* Takes out all of this address, and overwrites what they held. How many; -1 with *reason: it failed. */
int64_t opinions_forget(struct opinions *opinions, struct slice address, const char **reason);

/* Takes out what is too old, and the oldest of too many. */
void opinions_prune(struct opinions *opinions, int64_t now);

#endif
