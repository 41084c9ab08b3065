/* SPDX-License-Identifier: ISC
 * What a transaction is of, and its end, whatever became of it. */
#ifndef PROXY_SMTP_SMTP_TRANSACTION_H
#define PROXY_SMTP_SMTP_TRANSACTION_H

#include "proxy/smtp/smtp_session.h"

/* Forgets it (RSET, EHLO, after a message). Its delivery is given up as far as that is possible. */
void smtp_reset(struct smtp_session *s);

/* What an address without a domain is completed with: the first of our domains; empty: there is none. */
struct slice smtp_own_domain(const struct smtp_session *s);

/* What is logged and said from here on is no transaction's. */
void smtp_refer_to_session(struct smtp_session *s);

/* Of a message that will be refused nothing is kept. */
void smtp_drop_body(struct smtp_session *s);

#endif
