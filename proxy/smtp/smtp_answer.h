/* SPDX-License-Identifier: ISC
 * Replies to an SMTP client. */
#ifndef PROXY_SMTP_SMTP_ANSWER_H
#define PROXY_SMTP_SMTP_ANSWER_H

#include "proxy/smtp/smtp_session.h"

/* Queues a reply: "CODE ENHANCED text" on one line (text may hold what came from others: it is made
 * printable). Enhanced may be empty. A refusal ends in the session's or transaction's reference, and
 * is recorded. */
void smtp_answer(struct smtp_session *s, unsigned code, struct slice enhanced, struct slice text);
void smtp_say(struct smtp_session *s, unsigned code, const char *enhanced, const char *text);

/* Queues the reply of the transaction's server behind: recorded whole, told as hide_backend has it. */
void smtp_answer_backend(struct smtp_session *s, const struct backend_reply *reply);

/* A reply after which the connection is closed. */
void smtp_close(struct smtp_session *s, unsigned code, const char *enhanced, const char *text);

/* Hangs up on a client that speaks this other protocol, and says so. */
void smtp_close_foreign(struct smtp_session *s, const char *protocol);

/* A reply after which the connection is closed, when memory is out where no reply would be right. */
void smtp_out_of_memory(struct smtp_session *s);

/* A wrong command: the reply counts against limits.errors. */
void smtp_error(struct smtp_session *s, unsigned code, const char *enhanced, const char *text);

/* Says what a verdict refuses with. */
void smtp_refuse(struct smtp_session *s, const struct verdict *verdict);

/* The reply to a message, whose record tells it. */
void smtp_answer_recorded(struct smtp_session *s, unsigned code, struct slice enhanced,
                          struct slice text);
void smtp_answer_backend_recorded(struct smtp_session *s, const struct backend_reply *reply);

#endif
