/* SPDX-License-Identifier: ISC
 * What a session's servers behind may be told of its client (proxy/upstream/told_client.h). */
#ifndef PROXY_SESSION_SESSION_TOLD_H
#define PROXY_SESSION_SESSION_TOLD_H

#include "proxy/session/session.h"
#include "proxy/upstream/told_client.h"

/* As far as it is known now, but for what only its protocol knows. Texts are the session's, until something comes of it
 * again. */
struct told_client session_told_client(const struct session *s);

#endif
