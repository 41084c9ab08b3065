/* SPDX-License-Identifier: ISC
 * RCPT. */
#ifndef PROXY_SMTP_SMTP_RECIPIENT_H
#define PROXY_SMTP_SMTP_RECIPIENT_H

#include "proxy/smtp/smtp_session.h"

/* Decides, and replies now or later. */
void smtp_recipient(struct smtp_session *s, struct slice argument);

#endif
