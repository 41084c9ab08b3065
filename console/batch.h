/* SPDX-License-Identifier: ISC
 * The input of `check --batch`: a JSON object a line, {"id", "ip", "helo", "from", "rcpt": [...],
 * "direction", "time", "dns": {...}, "message": path}. All members may be absent. */
#ifndef CONSOLE_BATCH_H
#define CONSOLE_BATCH_H

#include "base/buf.h"
#include "console/conveyor.h"

enum { BATCH_LINE_MAX = 1024 * 1024 };

struct batch {
    int fd;
    struct buf input;
    unsigned line;
    bool ended;
    const char *failure;   /* why it could not be read to its end; NULL */
    struct envelope usual; /* for what a line does not say */
    uint64_t message_max;
};

/* Begins to read from `fd`, which stays the caller's. */
void batch_open(struct batch *batch, int fd, const struct envelope *usual, uint64_t message_max);

/* For a conveyor: `ctx` is the batch. Reads at most once. */
enum supply batch_next(void *ctx, struct trial *e);

void batch_close(struct batch *batch);

#endif
