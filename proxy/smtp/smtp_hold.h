/* SPDX-License-Identifier: ISC
 * What the keeper is to have of a message: what is held, what goes elsewhere, copies, the journal. */
#ifndef PROXY_SMTP_SMTP_HOLD_H
#define PROXY_SMTP_SMTP_HOLD_H

#include "proxy/smtp/smtp_session.h"

/* Whether it is to have anything. */
bool smtp_is_kept(const struct smtp_session *s, const struct ruling *ruling);

/* Gives it that; then smtp_hold_go_on. */
void smtp_hold(struct smtp_session *s, const struct ruling *ruling);

/* Others are delivered to, if there are any; else the sender is told that it was accepted. */
void smtp_hold_go_on(struct smtp_session *s);

/* The sender was told its reply, or (4xx) is gone without one. */
void smtp_hold_over(struct smtp_session *s, unsigned code);

/* ---- for what is kept beside ---- */

/* Without recipients. Its texts are the transaction's. */
struct hold_request smtp_hold_request(struct smtp_session *s);

/* Asks the keeper to have `message` (sealed memfd, the caller's); `done` comes from the loop.
 * *ticket: of this request from now on. False with *reason. */
bool smtp_hold_begin(struct smtp_session *s, struct hold_request *request, int message,
                     uint64_t *ticket, int64_t ms,
                     void (*done)(void *ctx, const struct hold_answer *answer),
                     const char **reason);

/* Milliseconds that its sender can still wait for what must be kept. */
int64_t smtp_hold_patience(const struct smtp_session *s);

/* The keeper has not what it must have: the sender is to come again. */
void smtp_hold_failed(struct smtp_session *s, const char *reason);

/* The name of the rule that has decided; empty: none has. */
struct slice smtp_rule(const struct smtp_session *s, const struct verdict *v);

#endif
