/* SPDX-License-Identifier: ISC
 * gatepost-learn as the parent sees it: it is given the file with its key, and gives the public one
 * for the keeper, which asks it to learn. */
#ifndef PARENT_PARENT_LEARN_H
#define PARENT_PARENT_LEARN_H

#include "parent/parent_keeper.h"
#include "parent/parent_sealed.h"

struct learn {
    struct helper process;
    bool wanted;
    bool serves; /* the one that runs has said so */
    struct sealed_command command, running;
    struct keeper *keeper; /* whose pair it is given, and who is told the key */
};

void learn_init(struct learn *learn, struct keeper *keeper);

/* What it should be from now on; NULL: none is wanted. */
void learn_configure(struct learn *learn, const struct config *config, int64_t now);

/* The keeper's pair is another: it is started anew. */
void learn_restart(struct learn *learn, int64_t now);

/* Starts and ends it when that is due. Returns when to look again; 0: not by time. */
int64_t learn_settle(struct learn *learn, int64_t now);

void learn_hear(struct learn *learn, int64_t now);
bool learn_died(struct learn *learn, pid_t pid, int status, int64_t now);

#endif
