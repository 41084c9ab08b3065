/* SPDX-License-Identifier: ISC
 * Whether what a user sends is his own: login.owns_sender and login.owns_from. */
#ifndef PROXY_SMTP_SMTP_OWNED_H
#define PROXY_SMTP_SMTP_OWNED_H

#include "proxy/smtp/smtp_session.h"

/* Of the envelope; of the message, once From is known. */
void smtp_owned_sender(struct smtp_session *s);
void smtp_owned_author(struct smtp_session *s);

#endif
