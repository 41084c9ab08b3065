/* SPDX-License-Identifier: ISC
 * How a client introduces himself, what he is offered, and STARTTLS. */
#ifndef PROXY_SMTP_SMTP_HELO_H
#define PROXY_SMTP_SMTP_HELO_H

#include "proxy/smtp/smtp_session.h"

/* HELO, or EHLO, which is answered with what all backends can do (RFC 5321 4.1.1.1). What was begun is
 * forgotten. */
void smtp_take_helo(struct smtp_session *s, struct slice name, bool esmtp);

/* STARTTLS (RFC 3207): 220 and the handshake, or why not. */
void smtp_take_starttls(struct smtp_session *s);

/* Whether so many names of his network are being looked up that he is to come again later. */
bool smtp_names_wait(const struct smtp_session *s);

bool smtp_is_encrypted(const struct smtp_session *s);

/* Octets that a message may have: our limit, or the backends' if that is smaller. */
uint64_t smtp_size_limit(const struct smtp_session *s, const struct smtp_capabilities *can);

#endif
