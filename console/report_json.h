/* SPDX-License-Identifier: ISC
 * What was found out about a message, as one JSON object. */
#ifndef CONSOLE_REPORT_JSON_H
#define CONSOLE_REPORT_JSON_H

#include "console/configuration.h"
#include "console/trial.h"

/* Appends {"file" or "id", "verdict", "reply", "rules", "observed", "score", "undecided", "judged_by", "facts"} and
 * a line end; for what could not be examined {"file" or "id", "error"}. Overflow shows in out->failed. */
void report_json(struct buf *out, const struct configuration *by, const struct trial *e);

#endif
