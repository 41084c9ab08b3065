/* SPDX-License-Identifier: ISC
 * The facts about a client and a sender that need the DNS and no scanner: names and lists. */
#ifndef CONSOLE_SENDER_H
#define CONSOLE_SENDER_H

#include "console/examination.h"

/* Finds out what it can, and asks (e->inquiry) for what is missing. Call it again when the inquiry
 * has ended, and once the message's own facts are there. Does nothing without e->dns. */
void sender_advance(struct examination *e, const struct config *config);

/* What a scanner must know of the sender. */
void sender_for_scanner(const struct examination *e, const struct config *config,
                        struct scan_sender *out);

#endif
