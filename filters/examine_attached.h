/* SPDX-License-Identifier: ISC
 * What may be learnt of a message that is attached to another. */
#ifndef FILTERS_EXAMINE_ATTACHED_H
#define FILTERS_EXAMINE_ATTACHED_H

#include "filters/mime/mime.h"
#include "filters/scanner/scan_job.h"

/* Of the one that the job asks for: scan_answer.attached, and its vector. False: out of memory. */
bool examine_attached(struct arena *arena, const struct mime_message *message,
                      const struct scan_job *job, struct scan_answer *out);

#endif
