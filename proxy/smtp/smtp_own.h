/* SPDX-License-Identifier: ISC
 * A connection that a session has for itself to a server that sees its client (backend_is_own): opened when the
 * server is asked first, used on for what is delivered, and for as long as the session lasts. */
#ifndef PROXY_SMTP_SMTP_OWN_H
#define PROXY_SMTP_SMTP_OWN_H

#include "proxy/smtp/smtp_session.h"

/* s->t->job, which is filled in: as smtp_server_ask. */
void smtp_own_ask(struct smtp_session *s);
/* Gives that job up: as smtp_server_forget. */
bool smtp_own_forget(struct smtp_session *s);

/* Before EHLO is answered: where the server is sure by now, and another for each client (`original`), what it can do
 * is found out. Calls `then`, at once or later while nothing is read, also when it cannot be. */
void smtp_own_await(struct smtp_session *s, void (*then)(struct session *base));

/* Whether it is open to where this client's mail goes, whomever it is for. */
bool smtp_own_is_sure(const struct smtp_session *s);

/* Whether it is open to that backend. */
bool smtp_own_is_open(const struct smtp_session *s, const struct backend *backend);

/* Closes it, if it is open. */
void smtp_own_close(struct smtp_session *s);

#endif
