/* SPDX-License-Identifier: ISC
 * What follows DATA and BDAT. */
#ifndef PROXY_SMTP_SMTP_BODY_H
#define PROXY_SMTP_SMTP_BODY_H

#include "proxy/smtp/smtp_session.h"

/* Bytes of a body or chunk: how many were used. */
size_t smtp_take_data(struct smtp_session *s, struct slice bytes);
size_t smtp_take_chunk(struct smtp_session *s, struct slice bytes);

/* All octets of a BDAT are in (or there are none): replies, or goes on to the message. */
void smtp_chunk_complete(struct smtp_session *s);

/* The body's clock: too slow an upload is given up; it would hold a session for hours. */
void smtp_upload_rate(struct smtp_session *s);

#endif
