/* SPDX-License-Identifier: ISC
 * Servers behind and the DNS, as all proxies together find them: a line in the log when one goes, and one when it is back. */
#ifndef PARENT_PARENT_TROUBLES_H
#define PARENT_PARENT_TROUBLES_H

#include "common/shared.h"

struct parent;

/* All zero at first. */
struct troubles {
    int64_t look_at; /* clock_ms */
    struct trouble {
        int64_t since; /* seconds since 1970; 0: it is there */
        int64_t seen;  /* clock_ms: when it was last found down */
    } of[SHARED_FATES];
};

/* Looks when that is due. Returns when it is next. */
int64_t troubles_look(struct parent *parent, int64_t now);

/* How something fares, and whether that is news. */
struct finding {
    bool news, down;
    int64_t seconds; /* that it was away */
    char why[SHARED_WHY_MAX];
};

/* It is back once a process has found it up since: that those have ended who found it down is no answer of its. */
struct finding trouble_find(struct trouble *trouble, const struct shared *shared, unsigned number);

#endif
