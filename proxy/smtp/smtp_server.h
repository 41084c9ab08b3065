/* SPDX-License-Identifier: ISC
 * The server that a session's mail goes to: one of a pool's, or the one where its user has logged in. */
#ifndef PROXY_SMTP_SMTP_SERVER_H
#define PROXY_SMTP_SMTP_SERVER_H

#include "proxy/smtp/smtp_session.h"

/* s->t->job, which is filled in: starts it; `done` comes from the loop, never from inside. */
void smtp_server_ask(struct smtp_session *s);
/* Gives it up. True: a delivery whose final dot is out goes on alone, and ends its doubt itself. */
bool smtp_server_forget(struct smtp_session *s);

/* What all can do that mail of this session may go to (smtp_pools_common), as EHLO offers it. */
struct smtp_capabilities smtp_server_offers(const struct smtp_session *s);

/* Whether what it says of a recipient is so for other clients: what one user is told is no other's matter, nor what
 * one server says where each client has his own. */
bool smtp_server_tells_all(const struct smtp_session *s);

/* What those can do that it may be. */
struct smtp_capabilities smtp_server_can(const struct smtp_session *s,
                                         const struct backend *backend);

#endif
