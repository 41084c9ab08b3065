/* SPDX-License-Identifier: ISC
 * The table of attachments in a report. */
#ifndef CONSOLE_REPORT_ATTACHMENTS_H
#define CONSOLE_REPORT_ATTACHMENTS_H

#include "console/page.h"
#include "policy/facts.h"

/* Name, type, size and what is special, a line each; members of archives are indented. */
void report_attachments(struct page *page, const struct value *attachments);

#endif
