/* SPDX-License-Identifier: ISC */
#ifndef PROXY_SMTP_SMTP_FIELDS_H
#define PROXY_SMTP_SMTP_FIELDS_H

#include "proxy/smtp/smtp_session.h"

/* Our fields, in front of the message: the newest on top (RFC 5321 4.4). ptr NULL: out of memory. */
struct slice smtp_fields(struct smtp_session *s);

/* The Message-ID among them, with its brackets; empty: the message has one, or bears none. ptr NULL: out of
 * memory. */
struct slice smtp_added_id(struct smtp_session *s);

#endif
