/* SPDX-License-Identifier: ISC
 * Whose a server behind hears that a connection, or a job on it, is. */
#ifndef PROXY_SMTP_SMTP_TOLD_H
#define PROXY_SMTP_SMTP_TOLD_H

#include "proxy/upstream/told_client.h"

/* Of a struct smtp_session. Texts are the session's, until it is told something. */
struct told_client smtp_told_client(void *session);

/* For a job on that backend, kept in the session's transaction. NULL: none of its servers is told. */
struct smtp_session;
struct backend;
const struct told_client *smtp_told(struct smtp_session *s, const struct backend *backend);

#endif
