/* SPDX-License-Identifier: ISC
 * The backend. */
#ifndef PROXY_SMTP_SMTP_DELIVER_H
#define PROXY_SMTP_SMTP_DELIVER_H

#include "proxy/smtp/smtp_session.h"

/* Hands the message to the backend for those `count` recipients whose verdict is to deliver, and
 * passes its answer on. */
void smtp_deliver(struct smtp_session *s, size_t count);

#endif
