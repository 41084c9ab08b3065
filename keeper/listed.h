/* SPDX-License-Identifier: ISC
 * The lists of allowed and blocked senders, in a database of their own. What was done is on the disk
 * when it is told. */
#ifndef KEEPER_LISTED_H
#define KEEPER_LISTED_H

#include "common/lists.h"

struct listed;

/* Opens or makes `path`. NULL with *reason. */
struct listed *listed_open(const char *path, const char **reason);
void listed_close(struct listed **listed);

/* One that is there already, for the same people, is replaced. False with *reason. */
bool listed_add(struct listed *listed, const struct list_entry *entry, const char **reason);
/* *entry.scope tells whose it was, if it is there: valid until the next call. */
bool listed_get(struct listed *listed, uint64_t number, struct list_entry *entry);
bool listed_remove(struct listed *listed, uint64_t number, const char **reason);

/* Those above that number, in their order, at most so many. False with *reason; false from `take` ends it. */
bool listed_each(struct listed *listed, uint64_t above, size_t most,
                 bool (*take)(void *ctx, const struct list_entry *entry), void *ctx,
                 const char **reason);

/* Takes out what is over. True: something was. `now`: seconds since 1970. */
bool listed_prune(struct listed *listed, int64_t now);

/* A sealed memfd with all of them, for lists_map; the caller's. -1: out of memory, or the database
 * fails. */
int listed_table(struct listed *listed);

#endif
