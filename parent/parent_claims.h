/* SPDX-License-Identifier: ISC
 * What one gatepost alone may use: the folders of the keeper and of the private Redis, and the control socket. Each
 * is claimed by a lock on a file beside it, PATH.lock, in which our pid stands. The kernel takes the lock off whoever
 * dies, so the file of one that was killed is no hindrance; children do not have it. */
#ifndef PARENT_PARENT_CLAIMS_H
#define PARENT_PARENT_CLAIMS_H

#include "policy/config.h"

enum { CLAIMS_MAX = 16 };

struct claims {
    struct claim {
        char *path; /* of the lock, owned */
        int lock;
    } all[CLAIMS_MAX];
    size_t count;
};

/* Claims what this configuration uses, beside what is claimed already. False: another gatepost has some of it, which
 * the report tells. What cannot be locked for another reason is warned of. */
bool claims_take(struct claims *claims, const struct config *config, struct buf *report);

/* Gives up what this configuration (NULL: none) does not use. */
void claims_prune(struct claims *claims, const struct config *config);

#endif
