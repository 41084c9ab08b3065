/* SPDX-License-Identifier: ISC
 * What SMTP tells of itself before the message. */
#ifndef PROXY_SMTP_SMTP_FACTS_H
#define PROXY_SMTP_SMTP_FACTS_H

#include "proxy/smtp/smtp_session.h"

/* The facts that are known without the message, up to `phase`. */
void smtp_facts(struct smtp_session *s, enum phase phase);

/* What the rules say of them. */
enum outcome smtp_judge(struct smtp_session *s, enum phase phase, struct verdict *out);

/* What is known of the session before anything of a message: to judge a login by. */
void smtp_session_facts(struct smtp_session *s, struct facts *facts);

#endif
