/* SPDX-License-Identifier: ISC
 * The worker's side of a family. */
#ifndef FILTERS_SCANNER_FAMILY_WORKER_H
#define FILTERS_SCANNER_FAMILY_WORKER_H

#include "filters/scanner/family.h"
#include "filters/scanner/worker_page.h"

#include <sys/types.h>

/* What a worker needs of its head's. */
struct worker_start {
    const struct family *family;
    const struct family_options *options;
    struct worker_page *page;
    struct scan_channels *channels; /* as the head knew them */
    unsigned number;
    pid_t head;
    /* Bytes of writable memory that the head has: signatures can take a gigabyte. */
    uint64_t inherited;
    int line;   /* the head tells of channels there; it ends when the family retires */
    int report; /* a byte is written there when ready */
};

enum { WORKER_RECYCLED = 0, WORKER_FAILED = 1 };

/* Never returns; exits with WORKER_RECYCLED, or WORKER_FAILED and a reason in its page. The caller
 * has closed what a worker may not have. */
_Noreturn void family_worker(const struct worker_start *start);

#endif
