/* SPDX-License-Identifier: ISC
 * From the final dot to the reply. */
#ifndef PROXY_SMTP_SMTP_MESSAGE_H
#define PROXY_SMTP_SMTP_MESSAGE_H

#include "proxy/smtp/smtp_session.h"

/* The body is complete: everything up to its reply. */
void smtp_message(struct smtp_session *s);

#endif
