/* SPDX-License-Identifier: ISC
 * What the codes in a message's pictures say: what gatepost-qr does with each job. Pictures lie in
 * parts of the message, in archives, documents and PDFs there; which parts, gatepost-scan has told. */
#ifndef FILTERS_PICTURES_CODES_H
#define FILTERS_PICTURES_CODES_H

#include "filters/scanner/scan_job.h"

enum {
    CODES_PICTURES_MAX = 8, /* that are read of a message */
    CODES_MAX = 16,         /* that are told */
};

/* Loads what libraries load lazily. Once a process, before the jail; false with *reason. */
bool codes_warm_up(const char **reason);

/* Reads the pictures in job->pictures: qr.codes; qr.unread, what was not read and why; and
 * message.domains, what the codes point to. False when the arena is full or memory was out. */
bool codes_examine(struct arena *arena, struct slice message, const struct scan_job *job,
                   struct scan_answer *out);

#endif
