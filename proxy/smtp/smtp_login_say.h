/* SPDX-License-Identifier: ISC
 * What a server behind is told of a login (RFC 4422 3): PLAIN and what is called LOGIN we speak
 * ourselves, by whichever way it has; all other mechanisms pass. */
#ifndef PROXY_SMTP_SMTP_LOGIN_SAY_H
#define PROXY_SMTP_SMTP_LOGIN_SAY_H

#include "proxy/smtp/smtp_session.h"

/* It is ready to hear of one. */
void smtp_login_begin(struct smtp_session *s);
/* It asks, with this challenge in base64. False: that makes no sense, and is a refusal. */
bool smtp_login_challenged(struct smtp_session *s, struct slice challenge);

/* Of struct login_protocol. */
void smtp_login_respond(struct session *base, struct slice response);
void smtp_login_cancel(struct session *base);

#endif
