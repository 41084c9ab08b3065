/* SPDX-License-Identifier: ISC
 * Deliveries of which one side may not know the end (RFC 1047): what an administrator needs to find
 * the message on both, in one log line "in-doubt". */
#ifndef COMMON_DOUBT_H
#define COMMON_DOUBT_H

#include "base/slice.h"

enum {
    DOUBT_ID_MAX = 40,
    DOUBT_SENDER_MAX = 256,
    DOUBT_RECIPIENTS_MAX = 512,
    DOUBT_BACKEND_MAX = 64,
    DOUBT_MESSAGE_ID_MAX = 256
};

/* Stands in shared memory, so that the parent can tell it when a proxy was killed. */
struct doubt {
    char id[DOUBT_ID_MAX]; /* the transaction's reference; empty: there is none */
    char sender[DOUBT_SENDER_MAX];
    char recipients[DOUBT_RECIPIENTS_MAX]; /* with a blank in between; "+3" behind those that fit */
    char backend[DOUBT_BACKEND_MAX];
    char message_id[DOUBT_MESSAGE_ID_MAX];
};

/* Copies, as far as there is room. */
void doubt_set(char *to, size_t room, struct slice text);

/* One more recipient of `left` that are still to come with it. False: no more fit, and the rest is
 * told as a number. */
bool doubt_add_recipient(struct doubt *doubt, struct slice address, size_t left);

/* Writes the line. `server`: the address that was spoken to, or NULL. A doubt that another process
 * wrote is not trusted to be terminated, or of printable octets. */
void doubt_log(const struct doubt *doubt, const char *reason, struct slice server);

#endif
