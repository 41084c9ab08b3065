/* SPDX-License-Identifier: ISC
 * gatepost-sign as the parent sees it: it is given the keys of a generation, and proxies ask it on a
 * queue that the parent holds, so that it may die and be started anew, and what was asked is
 * answered all the same. Keys of older generations it has until their last session has ended, also
 * when it was started anew. A queue that a proxy has closed is made anew. */
#ifndef PARENT_PARENT_SIGN_H
#define PARENT_PARENT_SIGN_H

#include "common/signing.h"
#include "parent/parent_load.h"
#include "parent/parent_sealed.h"

/* The keys of a generation. */
struct sign_set {
    unsigned generation;
    int keys; /* a sealed memfd; -1: there was no descriptor for it */
};

struct sign {
    struct helper process;
    bool wanted;
    bool serves; /* the one that runs has said so */
    struct sealed_command command, running;
    int queue[2];                            /* the proxies' end, its own */
    bool news;                               /* that is another: proxies must be told */
    struct sign_set sets[SIGNING_SETS_MOST]; /* the one that came last is the last */
    size_t set_count, told;                  /* the first so many has the one that runs */
};

enum { SIGN_PROXIES_END, SIGN_OWN_END };

/* False with errno. */
bool sign_init(struct sign *sign);

/* It is to sign for this generation from now on; NULL: for none. */
void sign_configure(struct sign *sign, const struct loaded *loaded, unsigned generation,
                    int64_t now);

/* Keys of generations before the last are needed no more. */
void sign_forget(struct sign *sign);

/* Starts and ends it, and tells it keys, when that is due. Returns when to look again; 0: not by
 * time. */
int64_t sign_settle(struct sign *sign, int64_t now);

void sign_hear(struct sign *sign, int64_t now);
bool sign_died(struct sign *sign, pid_t pid, int status, int64_t now);

#endif
