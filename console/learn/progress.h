/* SPDX-License-Identifier: ISC
 * How far something has come: a bar on a terminal, else a line now and then; on standard error. */
#ifndef CONSOLE_LEARN_PROGRESS_H
#define CONSOLE_LEARN_PROGRESS_H

#include "base/buf.h"

struct progress {
    const char *what; /* "messages" */
    bool is_drawn;
    int64_t began, told_at; /* clock_ms */
    unsigned told_tenth;
};

void progress_begin(struct progress *progress, const char *what);

/* `done` of `total`; `count` of what is counted. Says so when it is worth it. */
void progress_tell(struct progress *progress, uint64_t done, uint64_t total, uint64_t count);

/* The line is free for something else. */
void progress_end(struct progress *progress);

/* A bar of that many columns, share of it (0 to 1) done: pure. */
void progress_bar(struct buf *out, double share, unsigned columns);

/* Milliseconds that it will still take, when so much was done in `spent`; -1: nobody knows. */
int64_t progress_left(uint64_t done, uint64_t total, int64_t spent);

#endif
