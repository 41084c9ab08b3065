/* SPDX-License-Identifier: ISC
 * A session that waits for what is being found out. Nothing else waits: the loop goes on. */
#ifndef PROXY_SMTP_WAIT_H
#define PROXY_SMTP_WAIT_H

#include "proxy/smtp_session.h"

/* Calls `then` once everything is known that rules ask for at `phase`, or has taken too long and is
 * unknown: at once, or later, while nothing is read. */
void session_await(struct session *s, enum phase phase, void (*then)(struct session *s));

/* Something has come: goes on if it was the last. The session may be gone afterwards. */
void session_settle(struct session *s);

/* Calls `then` after that time, while nothing is read. */
void session_delay(struct session *s, int64_t ms, void (*then)(struct session *s));

/* The same for a rule's `delay`: what it made the session wait for already is not waited for again.
 * The greatest so far is kept in *served. */
void session_tarpit(struct session *s, int64_t ms, int64_t *served,
                    void (*then)(struct session *s));

/* The deadline of a busy session has passed. */
void session_overdue(struct session *s);

#endif
