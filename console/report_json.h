/* SPDX-License-Identifier: ISC
 * What was found out about a message, as one JSON object. */
#ifndef CONSOLE_REPORT_JSON_H
#define CONSOLE_REPORT_JSON_H

#include "console/trial.h"

/* Appends {"file" or "id", "verdict", "reply", "rules", "observed", "score", "facts"} and a line
 * end; for what could not be examined {"file" or "id", "error"}. Overflow shows in out->failed. */
void report_json(struct buf *out, const struct config *config, const struct trial *e);

#endif
