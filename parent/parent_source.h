/* SPDX-License-Identifier: ISC
 * gatepost-source as the parent sees it: proxies ask it on a queue that the parent holds, so that it may die and be
 * started anew, and what was asked is answered all the same. A queue that a proxy has closed is made anew. */
#ifndef PARENT_PARENT_SOURCE_H
#define PARENT_PARENT_SOURCE_H

#include "common/sourcing.h"
#include "parent/parent_sealed.h"

struct source_process {
    struct helper process;
    bool wanted;
    struct sealed_command command, running;
    int queue[2]; /* the proxies' end, its own */
    bool news;    /* that is another: proxies must be told */
};

enum { SOURCE_PROXIES_END, SOURCE_OWN_END };

/* False with errno. */
bool source_init(struct source_process *source);

/* It is to serve sessions of this configuration, by its settings; NULL: none. */
void source_configure(struct source_process *source, const struct config *config, int64_t now);

/* Starts and ends it when that is due. Returns when to look again; 0: not by time. */
int64_t source_settle(struct source_process *source, int64_t now);

void source_hear(struct source_process *source, int64_t now);
bool source_died(struct source_process *source, pid_t pid, int status, int64_t now);

#endif
