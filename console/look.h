/* SPDX-License-Identifier: ISC
 * One message looked at by a scanner of our own, in its jail, whatever the rules ask for. */
#ifndef CONSOLE_LOOK_H
#define CONSOLE_LOOK_H

#include "filters/scanner/scan_job.h"
#include "policy/config.h"

/* `message`: a sealed memfd, the caller's. *answer (in the arena) has the outline, attachments and
 * what the message points to. False: *reason. */
bool look_at_message(const struct config *config, int message, struct arena *arena,
                     struct scan_answer *answer, const char **reason);

#endif
