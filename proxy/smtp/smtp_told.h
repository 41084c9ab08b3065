/* SPDX-License-Identifier: ISC
 * Whose a server behind hears that a connection, or a job on it, is. */
#ifndef PROXY_SMTP_SMTP_TOLD_H
#define PROXY_SMTP_SMTP_TOLD_H

#include "proxy/upstream/told_client.h"

/* Of a struct smtp_session. Texts are the session's, until it is told something. */
struct told_client smtp_told_client(void *session);

#endif
