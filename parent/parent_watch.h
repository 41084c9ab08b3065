/* SPDX-License-Identifier: ISC
 * Looking whether files have changed on the disk. A change counts only when two looks in a row saw
 * the same, so that a file that is being written is left in peace. */
#ifndef PARENT_PARENT_WATCH_H
#define PARENT_PARENT_WATCH_H

#include "common/bundle.h"

struct watch {
    char **paths; /* owned */
    size_t count;
    uint64_t known; /* what the files looked like when they were taken up */
    uint64_t seen;  /* at the last look */
};

typedef bool watch_wants(const void *ctx, struct slice path);

/* Watches the files that a bundle was asked for, those that `wants` says so of (NULL: all); `known`
 * is how they were when they were read. False: no memory (nothing changes). */
bool watch_bundle(struct watch *watch, const struct bundle *bundle, watch_wants *wants,
                  const void *ctx);

/* Watches the entries of one folder. */
bool watch_folder(struct watch *watch, const char *path);
void watch_free(struct watch *watch);

/* One look. True when something has changed since it was taken up and has settled; it is `known`
 * from then on. */
bool watch_look(struct watch *watch);

#endif
