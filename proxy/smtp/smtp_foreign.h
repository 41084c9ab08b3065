/* SPDX-License-Identifier: ISC
 * STARTTLS that the server ends which the client wanted to reach (foreign_tls pass): it is asked at EHLO whether it
 * offers it, on a connection for that alone; its 220 makes one connection of both, which nobody looks at. */
#ifndef PROXY_SMTP_SMTP_FOREIGN_H
#define PROXY_SMTP_SMTP_FOREIGN_H

#include "proxy/smtp/smtp_session.h"

/* Before EHLO is answered: finds out whether there is such a server, and calls `then`, at once or later while nothing
 * is read. */
void smtp_foreign_await(struct smtp_session *s, void (*then)(struct session *base));
/* Whether it offers STARTTLS now. */
bool smtp_foreign_offers(const struct smtp_session *s);
/* Says STARTTLS to it and gives its reply on. */
void smtp_foreign_start(struct smtp_session *s);
/* Nobody will; closes the connection, if there is one. */
void smtp_foreign_close(struct smtp_session *s);

#endif
