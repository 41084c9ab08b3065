/* SPDX-License-Identifier: ISC
 * Most connections wait most of the time, for the next command or the next message. One that waits
 * holds what it was told and what was found out about its client, and nothing else. */
#ifndef PROXY_SMTP_SMTP_REST_H
#define PROXY_SMTP_SMTP_REST_H

#include "proxy/smtp/smtp_session.h"

/* Gives back what it can do without, if nothing is under way; then the client has the next word, and
 * s->t is NULL. What is still being found out about its client is kept until this is said again. */
void smtp_rest(struct smtp_session *s);

/* Before anything else is done in a session that may rest. False: out of memory, and nothing has
 * changed. */
bool smtp_wake(struct smtp_session *s);

#endif
