/* SPDX-License-Identifier: ISC
 * Labels on their way to a running gateway, many at once. */
#ifndef CONSOLE_LEARN_LABEL_SENDER_H
#define CONSOLE_LEARN_LABEL_SENDER_H

#include "common/learning.h"
#include "console/ask.h"

enum {
    LABEL_SENDER_BATCH = 200
}; /* with vectors as large as they may be it fits LABELS_OCTETS_MOST */

struct label_sender {
    int sock;         /* on which the gateway is asked; the caller's */
    struct buf batch; /* what was not sent yet */
    size_t waiting;   /* in it */
    /* As the gateway has said: what is new to it, or known as it is, or was the opposite. */
    uint64_t new, known, changed;
};

/* label_sender_close gives it back. */
void label_sender_open(struct label_sender *sender, int sock);
void label_sender_close(struct label_sender *sender);

/* Sends it, at once or with others. False: what is wrong was said. */
bool label_sender_add(struct label_sender *sender, const struct label *label);

/* Sends what waits. False: what is wrong was said. */
bool label_sender_flush(struct label_sender *sender);

/* How many the gateway has by now. */
uint64_t label_sender_sent(const struct label_sender *sender);

#endif
