/* SPDX-License-Identifier: ISC
 * What follows DATA and BDAT. */
#ifndef PROXY_SMTP_SMTP_BODY_H
#define PROXY_SMTP_SMTP_BODY_H

#include "proxy/smtp/smtp_session.h"

/* Bytes of a body or chunk: how many were used. */
size_t smtp_take_data(struct smtp_session *s, struct slice bytes);
size_t smtp_take_chunk(struct smtp_session *s, struct slice bytes);

/* It is known to be too big: what comes of it is read, and not kept. */
void smtp_body_too_big(struct smtp_session *s);

/* All octets of a BDAT are in (or there are none): replies, or goes on to the message. */
void smtp_chunk_complete(struct smtp_session *s);

/* A body's clock: who is silent for too long, or too slow, is given up. It begins; more has come, and
 * more is due; the deadline has passed. */
void smtp_body_expect(struct smtp_session *s);
void smtp_body_came(struct smtp_session *s, size_t octets);
void smtp_body_silent(struct smtp_session *s);

#endif
