/* SPDX-License-Identifier: ISC
 * Mail is read, looked into, and told to a running gateway as labels. */
#ifndef CONSOLE_LEARN_LEARN_RUN_H
#define CONSOLE_LEARN_LEARN_RUN_H

#include "console/learn/label_sender.h"
#include "console/learn/learn_sources.h"

/* What became of it. */
struct learn_counts {
    uint64_t read[LABEL_CLASSES]; /* messages that were looked into */
    uint64_t too_large, unread, unlooked;
    uint64_t sent, new, known, changed; /* as the gateway says: label_sender.h */
};

/* By a model (a sealed memfd) and on a socket that the gateway listens on. Ends early when it is
 * interrupted. False: not all was done, and what is wrong was said. */
bool learn_run(struct learn_sources *sources, const struct config *config, int model, int sock,
               struct learn_counts *counts);

#endif
