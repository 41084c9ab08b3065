/* SPDX-License-Identifier: ISC
 * The backend. */
#ifndef PROXY_SMTP_SMTP_DELIVER_H
#define PROXY_SMTP_SMTP_DELIVER_H

#include "proxy/smtp/smtp_session.h"

/* Hands the message to the backend for those recipients whose verdict is to deliver and who have it
 * not from an earlier try, and passes its answer on. */
void smtp_deliver(struct smtp_session *s);

#endif
