/* SPDX-License-Identifier: ISC
 * Messages that are held: each once, sealed, in a file; and for each of its recipients what is to
 * become of his copy. What was committed survives the loss of power. One is held until somebody
 * releases or deletes it or its time is over; what is released is kept until the server behind has
 * taken it. */
#ifndef KEEPER_HELD_H
#define KEEPER_HELD_H

#include "common/errand.h"
#include "common/held_entry.h"
#include "common/hold.h"
#include "keeper/seal.h"

struct held;

/* In a folder of its own, which is made. `size`: octets that containers may take. `era`: told apart,
 * whose errands are lost: those of another. Where the disk does not serve now, it is tried again later.
 * NULL with *reason. */
struct held *held_open(const char *folder, uint64_t size, uint64_t era, const char **reason);
void held_close(struct held **held);

/* What is sealed from now on is sealed to this key; before nothing is taken. */
void held_seal_to(struct held *held, const struct seal_key *key);

/* ---- taking in ---- */

/* Holds a message: `octets` as they came, of which `request` was read. *answer counts once it is
 * committed. One that was held before, for the same recipients from the same sender, is not held
 * again. */
void held_add(struct held *held, struct slice octets, const struct hold_request *request,
              struct slice message, struct hold_answer *answer);

/* True: all that was done since is on the disk. False: none of it is. */
bool held_commit(struct held *held);

/* The sender of what is held with this ticket was refused it. A copy that somebody else was told of
 * meanwhile stays: he sent the same message for the same recipient. */
void held_withdraw(struct held *held, uint64_t ticket);

/* He was put off: nobody has been told of it, and he may be refused it when he comes again. */
void held_put_off(struct held *held, uint64_t ticket);

/* ---- what people ask for ---- */

/* False with *reason: it failed. False from `take` ends the search. */
bool held_find(struct held *held, const struct held_query *query,
               bool (*take)(void *ctx, const struct held_entry *entry), void *ctx,
               const char **reason);

/* Whether somebody has released a copy of this one. */
bool held_released(struct held *held, struct slice reference);

/* Done by `asker`, and on the disk when true; false with *reason. */
bool held_act(struct held *held, uint64_t number, enum held_act act, struct slice asker,
              int64_t now, const char **reason);

/* The container, for reading; the caller's. -1 with errno. */
int held_container(const struct held *held, uint64_t id);

/* ---- delivering what was released ---- */

/* The next that is due, if there is one: *errand (its texts in `arena`) and its container, the
 * caller's. From now on it is away, until its end is told or its time is over. `now`: seconds since
 * 1970. */
bool held_due(struct held *held, int64_t now, struct arena *arena, struct errand *errand,
              int *container);

/* An errand of which nobody is told, so that a copy which stays as it is is learnt from (errand.only_learnt), and its container,
 * the caller's; -1 with errno: it is not there any more. False: there is no such copy, or no memory. */
bool held_learn(struct held *held, uint64_t number, struct arena *arena, struct errand *errand,
                int *container);

/* How many are away. */
uint64_t held_away(struct held *held);

/* It could not be handed on: it is due again soon. */
void held_not_sent(struct held *held, const struct errand *errand, int64_t now);

/* What became of it. False: that could not be written, and is to be told again. `take` is called
 * with the entry when it has come to an end: delivered, doubted, or waiting again. */
bool held_news(struct held *held, const struct errand_news *news, enum errand_message what,
               int64_t now, bool (*take)(void *ctx, const struct held_entry *entry), void *ctx);

/* Takes care of an errand that has not come back in its time, or never will. True: there may be more. */
bool held_look_after(struct held *held, int64_t now,
                     bool (*take)(void *ctx, const struct held_entry *entry), void *ctx);

/* Nobody has an errand any more that was not begun: all of those are due. */
void held_call_back(struct held *held, int64_t now);

/* ---- time ---- */

/* Lets go of what is over. True: there is more. */
bool held_prune(struct held *held, int64_t now,
                bool (*take)(void *ctx, const struct held_entry *entry), void *ctx);

/* Forgets copies that are not held any more in which this address sends, is From's, or receives, some of
 * them at once. How many; -1 with *reason: it failed. */
int64_t held_forget(struct held *held, struct slice address, const char **reason);

struct held_counts {
    uint64_t waiting, leaving, doubted; /* copies */
    uint64_t octets, size;              /* that containers take, may take */
    int64_t oldest;                     /* seconds since 1970: of those that wait; 0: none does */
    const char *trouble;                /* why nothing can be held now; NULL: it can */
};
struct held_counts held_counts(struct held *held);

#endif
