/* SPDX-License-Identifier: ISC
 * What an earlier try of a message has left for its recipients. */
#ifndef PROXY_SMTP_SMTP_RETRY_H
#define PROXY_SMTP_SMTP_RETRY_H

#include "proxy/smtp/smtp_session.h"

struct retry_store smtp_retry_store(const struct smtp_session *s);

/* What an earlier try of this message has left for the recipient in question: a group, and with it
 * perhaps the reply that was meant for it alone. `then` may be called from here, or once Redis has
 * answered, and SPF where something is remembered of this sender. */
void smtp_retry_recall(struct smtp_session *s, void (*then)(struct session *base));
bool smtp_retry_has_reply(const struct smtp_session *s, const struct recipient *r);
void smtp_retry_told(struct smtp_session *s, const struct recipient *r);
/* Whether this one, who would be the first, is not to be: it is the others' turn. */
bool smtp_retry_lets_others_go_first(struct smtp_session *s, struct recipient *r);
/* Recipients of that group were told to come in another transaction. */
void smtp_retry_turned_away(struct smtp_session *s, const struct backend *backend, unsigned group);
/* Recipients fare differently, by the rules or by the server's replies: for the next try. */
void smtp_retry_remember_fates(struct smtp_session *s);
void smtp_retry_remember_replies(struct smtp_session *s);
/* The same class, code and enhanced code. */
bool smtp_retry_replies_alike(const struct backend_reply *a, const struct backend_reply *b);
/* The transaction is over: replies that it has served are forgotten. */
void smtp_retry_over(struct smtp_session *s);

#endif
