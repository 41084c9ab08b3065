/* SPDX-License-Identifier: ISC
 * What may be learnt of a message, without marks of ours, or of one that is attached to another. */
#ifndef FILTERS_EXAMINE_ATTACHED_H
#define FILTERS_EXAMINE_ATTACHED_H

#include "filters/mime/mime.h"
#include "filters/scanner/scan_job.h"

/* Of the one that the job asks for: scan_answer.attached, and its vector. False: out of memory. */
bool examine_attached(struct arena *arena, const struct mime_message *message,
                      const struct scan_job *job, struct scan_answer *out);

/* Of the message itself: the same, without the marks of the job. False: out of memory. */
bool examine_to_learn(struct arena *arena, struct slice message, const struct scan_job *job,
                      struct scan_answer *out);

#endif
