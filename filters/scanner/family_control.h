/* SPDX-License-Identifier: ISC
 * The control socket between a family's head and its starter, both ends.
 * What is said: filters/scanner/family_messages.def. */
#ifndef FILTERS_SCANNER_FAMILY_CONTROL_H
#define FILTERS_SCANNER_FAMILY_CONTROL_H

#include "filters/scanner/family.h"

enum { FAMILY_HEAR_BYTES = 1024 };

struct family_heard {
    unsigned workers;               /* of FAMILY_READY */
    char text[SCAN_REASON_MAX + 1]; /* of FAMILY_FAILED */
};

/* The starter's side. Hears what the head says, without waiting: 1 *type came with *out, 0 nothing
 * yet, -1 the head is gone or talks nonsense. */
int family_hear(int control, enum family_message *type, struct family_heard *out);
/* Asks it to end when its running jobs are done. */
bool family_retire(int control);

/* The head's side. Neither waits; false when the starter is gone. */
bool family_say_ready(int control, unsigned workers);
bool family_say_failed(int control, const char *text);

#endif
