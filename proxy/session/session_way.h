/* SPDX-License-Identifier: ISC
 * What a session's client is to the servers behind: where he wanted to go, and whose address he has. */
#ifndef PROXY_SESSION_SESSION_WAY_H
#define PROXY_SESSION_SESSION_WAY_H

#include "proxy/session/session.h"
#include "proxy/upstream/upstream_way.h"

/* Its descriptors are the session's and the proxy's. Nowhere, and nobody's, unless he was led here on his way. */
struct upstream_client session_upstream_client(const struct session *s);

/* The backend that where he wanted to go leads to; NULL: it says nothing. */
const struct backend *session_destination(const struct session *s);

/* What leads to that user's mailbox; the name is the session's. */
struct mailbox_way session_mailbox_way(const struct session *s, struct slice user);

/* "192.0.2.1:25", in the arena; empty: he wanted to come to us. */
struct slice session_destination_text(const struct session *s, struct arena *arena);

#endif
