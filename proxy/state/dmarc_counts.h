/* SPDX-License-Identifier: ISC
 * Rows of DMARC's reports that are counted before Redis is told: of equal ones only their number
 * travels. They wait here for DMARC_COUNTS_MS at most; what a killed process held is in no report. */
#ifndef PROXY_STATE_DMARC_COUNTS_H
#define PROXY_STATE_DMARC_COUNTS_H

#include "base/slice.h"

#include <event2/event.h>
#include <stdbool.h>

enum { DMARC_COUNTS_MOST = 64 /* different rows */, DMARC_COUNTS_MS = 500 };

struct dmarc_row {
    struct slice key, row, policy; /* of the hash; its field; what the field "policy" says */
    unsigned count;
};

struct dmarc_counts;
/* `tell` is called with each row once its time is over, and whenever one more has no room. NULL: out of
 * memory. */
struct dmarc_counts *dmarc_counts_new(struct event_base *base,
                                      void (*tell)(void *ctx, const struct dmarc_row *row),
                                      void *ctx);
void dmarc_counts_free(struct dmarc_counts **counts);

/* One more of it; its texts are copied. */
void dmarc_counts_add(struct dmarc_counts *counts, const struct dmarc_row *row);

/* The process is about to leave: all is told at once, and from now on each. */
void dmarc_counts_settle(struct dmarc_counts *counts);

#endif
