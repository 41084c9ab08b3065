/* SPDX-License-Identifier: ISC
 * What a worker shows its head, and whoever started the head: a page of memory each. They trust it no
 * further than to kill that worker, and to tell whoever waits for its job that it is dead. */
#ifndef FILTERS_SCANNER_WORKER_PAGE_H
#define FILTERS_SCANNER_WORKER_PAGE_H

#include "filters/scanner/scan_channels.h"
#include "filters/scanner/scan_job.h"

#include <stdatomic.h>

struct worker_page {
    _Atomic int64_t busy_since;   /* clock_ms() of the job at hand, or of the start; 0: idle */
    atomic_bool ready;            /* jailed and checked */
    atomic_bool retire;           /* set by the head: take no more */
    _Atomic uint64_t number;      /* of the job at hand, if it is answered on a channel; 0: none */
    _Atomic uint32_t row, serial; /* of that channel */
    char reason[SCAN_REASON_MAX]; /* why it could not serve; terminated by the reader */
};

/* Memory for the pages of so many workers: a memfd that can neither shrink nor grow; -1 with errno. */
int worker_pages_new(unsigned workers);

/* The nth page of it; NULL with errno. The descriptor stays the caller's. */
struct worker_page *worker_page_map(int pages, unsigned number);
void worker_page_unmap(struct worker_page *page);

/* The job at hand, before it is begun; and there is none any more. */
void worker_page_begin(struct worker_page *page, const struct scan_address *address);
void worker_page_end(struct worker_page *page);

/* The worker is dead: tells so to who waits for the job that it had. */
void worker_page_tell_death(const struct worker_page *page, struct scan_channels *channels);

#endif
