/* SPDX-License-Identifier: ISC
 * For family*.c only: a head and its workers, as the head has them. */
#ifndef FILTERS_SCANNER_FAMILY_HEAD_H
#define FILTERS_SCANNER_FAMILY_HEAD_H

#include "filters/scanner/family.h"
#include "filters/scanner/worker_page.h"

#include <sys/types.h>

struct worker {
    pid_t pid; /* 0: none */
    int line;  /* its end wakes the worker when it is to retire; -1 */
    struct worker_page *page;
    int64_t started, restart_at;
    int64_t backoff;
    bool overdue; /* and told so: we end it for hanging */
};

struct family_head {
    const struct family *family;
    struct family_options options;
    struct worker workers[FAMILY_WORKERS_MAX];
    struct scan_channels channels;
    int memory;    /* /proc/self/statm, opened while there is a /proc */
    int signals;   /* SIGCHLD */
    int report[2]; /* a worker that became ready writes a byte */
    bool announced, retiring, ended;
    const char *failure;
};

/* Lets go of a worker: idle, it sees that and looks whether it is to retire. */
void family_hang_up(struct worker *worker);

/* Takes note of those that have ended; who waits for what one had at hand is told. */
void family_reap(struct family_head *head);

/* Starts, ends and kills what is due. Returns milliseconds until the next look. */
int64_t family_supervise(struct family_head *head);

#endif
