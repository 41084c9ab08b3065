/* SPDX-License-Identifier: ISC
 * What a report says of rules that nobody could decide here. */
#ifndef CONSOLE_REPORT_UNDECIDED_H
#define CONSOLE_REPORT_UNDECIDED_H

#include "console/page.h"
#include "console/trial.h"

/* A row for each of e->undecided, the first few of many. */
void report_undecided(struct page *page, const struct policy *policy, const struct trial *e);

/* The member "undecided"; nothing when there are none. */
void report_undecided_json(struct buf *out, const struct policy *policy, const struct trial *e);

#endif
