/* SPDX-License-Identifier: ISC
 * What the parts of RCPT share: smtp_recipient.c (is it one of our domains, what do the rules say) and
 * smtp_recipient_check.c (does his server take him). */
#ifndef PROXY_SMTP_SMTP_RECIPIENT_INTERNAL_H
#define PROXY_SMTP_SMTP_RECIPIENT_INTERNAL_H

#include "proxy/smtp/smtp_session.h"

/* Whether one more may be refused with this code: of who tries out names no end is heard. */
bool smtp_recipient_may_be_refused(struct smtp_session *s, unsigned code);
void smtp_recipient_refuse(struct smtp_session *s, unsigned code, const char *enhanced,
                           const char *text);
/* Of a recipient that was not accepted nothing stays. */
void smtp_recipient_answered(struct smtp_session *s);

/* Whether the backend can take what he needs; if not, he is refused. */
bool smtp_recipient_fits(struct smtp_session *s, const struct recipient *r,
                         const struct backend *backend);
/* Accepts him, by what the server says, now or when it was asked before; or begins to ask it. */
void smtp_recipient_check(struct smtp_session *s, struct recipient *r);
/* Tells the server's answer, in the words of its class. */
void smtp_recipient_pass_on(struct smtp_session *s, const struct recipient *r,
                            const struct backend_reply *reply);

#endif
