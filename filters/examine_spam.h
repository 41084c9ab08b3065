/* SPDX-License-Identifier: ISC
 * What the site's model (filters/spam/spam_model.h) says of a message, what may be learnt of it, and what
 * it has in common with others of its campaign, under the model's key. */
#ifndef FILTERS_EXAMINE_SPAM_H
#define FILTERS_EXAMINE_SPAM_H

#include "filters/mime/mime.h"
#include "filters/scanner/scan_job.h"

enum { SPAM_LEARNED_LEAST = 100 /* messages of each class before anything is said of others */ };

/* Takes the sealed memfd of a model, which stays the caller's, for all messages from now on. False
 * with *reason: it is none, or of another version. */
bool examine_spam_with(int model, const char **reason);

/* Of a message whose message.text may be in *out. The same of the same message, whatever else a job
 * asks. Without a model nothing is said. False: out of memory. */
bool examine_spam(struct arena *arena, const struct mime_message *message,
                  const struct scan_job *job, struct scan_answer *out);

#endif
