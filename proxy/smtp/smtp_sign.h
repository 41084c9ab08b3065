/* SPDX-License-Identifier: ISC
 * DKIM signatures of mail that leaves (RFC 6376): the last thing before it is handed over, so over
 * what the next server gets. What cannot be signed now though it should be is put off. */
#ifndef PROXY_SMTP_SMTP_SIGN_H
#define PROXY_SMTP_SMTP_SIGN_H

#include "proxy/smtp/smtp_session.h"

/* Whether mail of this session leaves, and some domain's is signed. */
bool smtp_signs(const struct smtp_session *s);

/* Signs t.edited, which is assembled, for the domain in its From: t.signatures are the fields to be
 * put in front, none for a domain that has no key. Then goes on, at once or later; or the message is
 * finished. */
void smtp_sign(struct smtp_session *s, void (*then)(struct smtp_session *s));

/* It is not waited for any more. */
void smtp_sign_end(struct smtp_session *s);

#endif
