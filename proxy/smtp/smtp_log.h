/* SPDX-License-Identifier: ISC
 * The log's lines of a message, of what was refused before there was one, and of who went away. */
#ifndef PROXY_SMTP_SMTP_LOG_H
#define PROXY_SMTP_SMTP_LOG_H

#include "proxy/smtp/smtp_record.h"

/* With all recipients, as far as they have room; `recipients` is how many there are. */
void smtp_log_message(const struct smtp_session *s, const struct decision *decision);

/* A reply of 4xx or 5xx that belongs to no message; `reply`: the line without its CRLF. The first of a
 * session are written, the others told as a number at its end. */
void smtp_log_refusal(struct smtp_session *s, unsigned code, struct slice reply,
                      const struct verdict *rules);

/* He speaks this other protocol, so what he was told is no news. */
void smtp_log_foreign(struct smtp_session *s, const char *protocol);

/* The client went away in the middle of a transaction. */
void smtp_log_gone(struct smtp_session *s);

#endif
