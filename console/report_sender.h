/* SPDX-License-Identifier: ISC
 * The sender in a report: SPF, DKIM, DMARC, ARC, the client's names, lists. */
#ifndef CONSOLE_REPORT_SENDER_H
#define CONSOLE_REPORT_SENDER_H

#include "console/page.h"
#include "console/trial.h"

void report_sender(struct page *page, const struct trial *e);

#endif
