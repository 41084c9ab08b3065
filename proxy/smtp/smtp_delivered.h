/* SPDX-License-Identifier: ISC
 * Those of a message's recipients who have it from an earlier try of it (delivered_memory.h): taken
 * at RCPT, left out of the delivery, forgotten once the sender has his final reply. */
#ifndef PROXY_SMTP_SMTP_DELIVERED_H
#define PROXY_SMTP_SMTP_DELIVERED_H

#include "proxy/smtp/smtp_session.h"

/* At RCPT. */
void smtp_delivered_recall(struct smtp_session *s, struct recipient *r);
/* As far as MAIL tells, this may be what he has: the server behind is not asked about him, since it
 * may not like him any more. */
bool smtp_delivered_perhaps(const struct smtp_session *s, const struct recipient *r);

/* The message is there: marks those who have it (has_it). */
void smtp_delivered_mark(struct smtp_session *s);
/* The sender will come again: those of the job whom the server took it for are noted. */
void smtp_delivered_remember(struct smtp_session *s);
/* The sender has his final reply. */
void smtp_delivered_forget(struct smtp_session *s);

#endif
