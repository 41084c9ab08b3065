/* SPDX-License-Identifier: ISC
 * What is found out about a client and a sender, offline or from the DNS. */
#ifndef CONSOLE_SENDER_H
#define CONSOLE_SENDER_H

#include "console/trial.h"

/* Once the facts of the envelope and e->dns are there. */
void sender_begin(struct trial *e, const struct config *config);

/* Finds out what it can, and asks (e->inquiry) for what is missing.
 * Call it again when the inquiry has ended. */
void sender_advance(struct trial *e);

/* Waits no longer: what is not answered, and what is asked from now on, has timed out. */
void sender_hurry(struct trial *e);

/* The message has been looked into, or could not be: goes on at the next sender_advance. */
void sender_content_over(struct trial *e);

#endif
