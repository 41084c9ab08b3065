/* SPDX-License-Identifier: ISC
 * What was found out about a message, for people. */
#ifndef CONSOLE_REPORT_H
#define CONSOLE_REPORT_H

#include "console/configuration.h"
#include "console/trial.h"

/* Appends the report.
 * Everything that came from the message is escaped; overflow shows in out->failed. */
void report_human(struct buf *out, const struct configuration *by, const struct trial *e);

#endif
