/* SPDX-License-Identifier: ISC
 * The control socket between a family's head and its starter, both ends.
 * What is said: filters/scanner/family_messages.def. */
#ifndef FILTERS_SCANNER_FAMILY_CONTROL_H
#define FILTERS_SCANNER_FAMILY_CONTROL_H

#include "filters/scanner/family.h"
#include "filters/scanner/scan_channels.h"

enum { FAMILY_HEAR_BYTES = 1024 };

struct family_heard {
    unsigned workers; /* of FAMILY_READY */
    struct ipc_message
        message; /* FAMILY_CHANNEL (scan_channels_take), FAMILY_QUEUE: the hearer's */
    char text[SCAN_REASON_MAX + 1]; /* of FAMILY_FAILED */
};

enum family_side { FAMILY_HEAD, FAMILY_STARTER };

/* Hears what the other end, which is `from`, says, without waiting: 1 *type came with *out, 0 nothing
 * yet, -1 it is gone or talks nonsense: also what is not for its side to say. */
int family_hear(int control, enum family_side from, enum family_message *type,
                struct family_heard *out);
/* The starter's side. Asks it to end when its running jobs are done. */
bool family_retire(int control);
/* The same side: the queue is another now. The descriptor stays the caller's. */
bool family_tell_queue(int control, int queue);

/* The head's side. Neither waits; false when the starter is gone. */
bool family_say_ready(int control, unsigned workers);
bool family_say_failed(int control, const char *text);

#endif
