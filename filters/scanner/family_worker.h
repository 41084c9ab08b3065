/* SPDX-License-Identifier: ISC
 * The worker's side of a family, and what it shares with its head. */
#ifndef FILTERS_SCANNER_FAMILY_WORKER_H
#define FILTERS_SCANNER_FAMILY_WORKER_H

#include "filters/scanner/family.h"

#include <stdatomic.h>
#include <sys/types.h>

/* One page, shared by the head and one worker.
 * The head trusts it no further than to kill that worker. */
struct worker_page {
    _Atomic int64_t busy_since;   /* clock_ms() of the job at hand, or of the start; 0: idle */
    atomic_bool ready;            /* jailed and checked */
    atomic_bool retire;           /* set by the head: take no more */
    char reason[SCAN_REASON_MAX]; /* why it could not serve; terminated by the reader */
};

/* What a worker needs of its head's. */
struct worker_start {
    const struct family *family;
    const struct family_options *options;
    struct worker_page *page;
    unsigned number;
    pid_t head;
    /* Bytes of writable memory that the head has: signatures can take a gigabyte. */
    uint64_t inherited;
    int wake;   /* ends when the family retires */
    int report; /* a byte is written there when ready */
};

enum { WORKER_RECYCLED = 0, WORKER_FAILED = 1 };

/* Never returns; exits with WORKER_RECYCLED, or WORKER_FAILED and a reason in its page. The caller
 * has closed what a worker may not have. */
_Noreturn void family_worker(const struct worker_start *start);

#endif
