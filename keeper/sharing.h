/* SPDX-License-Identifier: ISC
 * Where gateways share a Redis they share what is learnt: labels, which each keeps (labels_shared.h), and the
 * model, which one makes and all use. Questions go to Redis through proxies (common/sharing.h), one at a time;
 * Redis is looked at every SHARING_LOOK_MS, and at once when something is to be told.
 *
 * A model has a generation. Whoever has another in use than the one that was shared (it was built, or is used
 * again) tells it as the next; all others take what is later than theirs. Where Redis has lost it, whoever has
 * the latest tells it again. Who cannot keep one that was told goes on with his own, and tries again later; none
 * is told that is earlier than one that was seen. Who comes anew takes what is there, and says what is his afterwards.
 *
 * Who builds has the lease, from before the build until its outcome is told, and has read all that was told
 * before. It ends by itself SHARING_LEASE_MS after he was last heard of. */
#ifndef KEEPER_SHARING_H
#define KEEPER_SHARING_H

#include "keeper/sharing_model.h"

#include <event2/event.h>

enum { SHARING_LOOK_MS = 10000, SHARING_LEASE_MS = 30000 };

struct sharing;

enum sharing_lease {
    SHARING_OURS, /* sharing_built gives it back */
    SHARING_ANOTHERS,
    SHARING_AWAY, /* Redis, or all proxies */
};

struct sharing_owner {
    /* A build is under way: the model in use is not to be replaced. */
    bool (*is_busy)(void *ctx);
    /* The answer to sharing_ask_lease. */
    void (*lease)(void *ctx, enum sharing_lease lease);
    /* Another's model is to be used: sharing_model_take. */
    enum sharing_taking (*take)(void *ctx, const struct sharing_head *head, struct slice sealed,
                                const char **reason);
    /* Somebody has closed the pair, which can only be made anew. */
    void (*deaf)(void *ctx);
};

/* `sock`: the keeper's end of the pair, the caller's. `gateway`: our name, for people. All must outlive
 * it. NULL: out of memory. */
struct sharing *sharing_new(struct event_base *base, int sock, struct slice prefix,
                            struct slice gateway, struct labels *labels,
                            const struct models *models, const struct sharing_owner *owner,
                            void *ctx);
void sharing_free(struct sharing **sharing); /* NULL is fine */

struct slice sharing_prefix(const struct sharing *sharing);

/* labels_share_by was called: it begins. */
void sharing_begin(struct sharing *sharing);

/* There is something new to be told: a label, something forgotten, another model in use. */
void sharing_tell(struct sharing *sharing);

/* Wants to build: the owner is told as soon as it is known, never from inside. */
void sharing_ask_lease(struct sharing *sharing);
bool sharing_has_lease(const struct sharing *sharing); /* we still have it */
void sharing_built(struct sharing *sharing);           /* or will not be; NULL is fine */

struct sharing_status {
    int64_t read;      /* Redis was read to its end, seconds since 1970; 0: not yet */
    int64_t away;      /* since then it is not; 0: it is */
    const char *lease; /* who makes a model, or has just made one; empty: nobody */
    const char *by;    /* who has told the model that is shared; empty: there is none */
    uint64_t generation, untold, refused; /* of our model; labels; entries, since the start */
};
void sharing_status(struct sharing *sharing, struct sharing_status *out);

#endif
