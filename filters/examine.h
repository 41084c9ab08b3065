/* SPDX-License-Identifier: ISC
 * From a message's bytes to its facts: what gatepost-scan does with each job. Pure: no files, no
 * clock, no state, so that every answer can be had again in a test. */
#ifndef FILTERS_EXAMINE_H
#define FILTERS_EXAMINE_H

#include "filters/scanner/scan_job.h"

/* Loads what libraries load lazily. Once a process, before the jail; false with *reason. */
bool examine_warm_up(const char **reason);

/* Fills what the job asks for; lists that a cap cut short say so. The answer points into
 * the message and the arena. False when the arena is full before anything is known, or
 * memory was out. */
bool examine(struct arena *arena, struct slice message, const struct scan_job *job,
             struct scan_answer *out);

#endif
