/* SPDX-License-Identifier: ISC
 * Learning as the keeper's program runs it: takes labels, has gatepost-learn make a model of them when
 * that is due, keeps it, and says which one is in use.
 *
 * A model is built when somebody asks, once LEARNING_CHANGES labels are new or others and the last build
 * is ten minutes old, and a day after it when any are. Labels that were forgotten must not live on in a model: the next build
 * is of those that the model in use knew, without them, and is not compared with it; what has come since
 * is learnt by the build behind that. */
#ifndef KEEPER_LEARNING_H
#define KEEPER_LEARNING_H

#include "common/keeping.h"
#include "keeper/labels.h"
#include "keeper/models.h"
#include "keeper/sharing.h"

#include <event2/event.h>

enum { LEARNING_CHANGES = 20 };

struct learning;

struct learning_owner {
    /* Another model is in use: learning_model has it. */
    void (*model)(void *ctx);
    /* A build that was asked for goes on: labels done, of how many (u32 each); or it has ended: JSON,
     * or NULL and why. */
    void (*goes_on)(void *ctx, struct slice progress);
    void (*ended)(void *ctx, struct slice outcome, const char *reason);
    /* As sharing_owner's. */
    void (*deaf)(void *ctx);
};

/* With other gateways (keeper/sharing.h). */
struct learning_share {
    int sock;                     /* the keeper's end of the pair of common/sharing.h */
    struct slice prefix, gateway; /* of the keys; our name */
};

/* `learner`: the keeper's end of the pair of common/learning.h; sockets stay the caller's. `share` NULL: nothing
 * is shared. In the folder that we are in. NULL with *reason. */
struct learning *learning_new(struct event_base *base, const struct labels_bounds *bounds,
                              int learner, const struct learning_share *share,
                              const struct learning_owner *owner, void *ctx, const char **reason);
void learning_free(struct learning **learning); /* NULL is fine */

/* What a proxy has sent: KEEPING_LABELS, _READ, _GONE, _ANSWERABLE or _ANSWER. Who waits for labels is answered on
 * `reply` (the caller's; -1: nobody) once they are on the disk, or cannot be taken; else what cannot be
 * taken is lost, and that is logged. */
void learning_take(struct learning *learning, enum keeping what, struct slice packet, int reply);

/* Those of an admin: on the disk, all; or with *reason none. */
bool learning_learn(struct learning *learning, struct slice packet, struct labels_taken *taken,
                    const char **reason);

/* What is sealed from now on is sealed to this key, and what is shared with this secret. */
void learning_seal_to(struct learning *learning, const struct seal_key *key,
                      const unsigned char secret[static LEARN_SHARED]);

/* A new sealed memfd of the model in use, the caller's; -1 with *reason. */
int learning_model(struct learning *learning, const char **reason);

/* Has one built as soon as may be, and tells the owner. False with *reason: none can be built. */
bool learning_build(struct learning *learning, const char **reason);

/* The first hex digits of a model's digest; empty: the one before that in use. False with *reason. */
bool learning_roll_back(struct learning *learning, struct slice digest, const char **reason);

/* As labels_forget; no model that has learnt them outlives the next build. */
int64_t learning_forget(struct learning *learning, enum learn_forget what, struct slice which,
                        const char **reason);

/* What is too old goes, and what was left long enough is learnt. */
void learning_prune(struct learning *learning);

/* Labels that found no room in the last build of this process: there are too many octets of them. */
uint32_t learning_left_out(const struct learning *learning);

/* False: nothing is shared. */
bool learning_shared(struct learning *learning, struct sharing_status *out);

struct labels *learning_labels(struct learning *learning);
struct models *learning_models(struct learning *learning);

#endif
