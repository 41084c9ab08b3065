/* SPDX-License-Identifier: ISC
 * Many messages through the pipeline: several at once, answers in the order of the input. */
#ifndef CONSOLE_CONVEYOR_H
#define CONSOLE_CONVEYOR_H

#include "console/offline.h"

enum supply { SUPPLY_GOT, SUPPLY_LATER, SUPPLY_END };

struct conveyor {
    struct offline *offline;
    /* The next message: fills name or id, envelope, message; or `error`. LATER: poll `fd` first
     * (-1: never says LATER). */
    enum supply (*next)(void *ctx, struct trial *e);
    int fd;
    /* Takes a finished one. False: nobody listens any more. */
    bool (*done)(void *ctx, struct trial *e);
    void *ctx;
};

/* Until the input ends, `done` says so, or a signal asks for an end. False: out of memory. */
bool conveyor_run(struct conveyor *conveyor);

#endif
