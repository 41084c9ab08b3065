/* SPDX-License-Identifier: ISC
 * gatepost-release as the parent sees it: it is given the file of private keys, and gives the public
 * key for the keeper. */
#ifndef PARENT_PARENT_RELEASE_H
#define PARENT_PARENT_RELEASE_H

#include "filters/release_mark.h"
#include "parent/parent_keeper.h"
#include "parent/parent_sealed.h"

struct release {
    struct helper process;
    bool wanted;
    bool serves; /* the one that runs has said so */
    struct sealed_command command, running;
    unsigned char mark[RELEASE_MARK_KEY]; /* what marks are made with, once one has told it */
    bool has_mark, new_mark;              /* new: proxies are to be told */
    struct keeper *keeper;                /* whose pairs it is given, and who is told the key */
};

void release_init(struct release *release, struct keeper *keeper);

/* What it should be from now on; NULL: none is wanted. One is where a rule may hold messages, and
 * where some may have been held. */
void release_configure(struct release *release, const struct config *config, int64_t now);

/* The keeper's pairs are others: it is started anew. */
void release_restart(struct release *release, int64_t now);

/* Starts and ends it when that is due. Returns when to look again; 0: not by time. */
int64_t release_settle(struct release *release, int64_t now);

void release_hear(struct release *release, int64_t now);
bool release_died(struct release *release, pid_t pid, int status, int64_t now);

#endif
