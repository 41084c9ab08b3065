/* SPDX-License-Identifier: ISC
 * What rules are told of a session, whatever it speaks. */
#ifndef PROXY_SESSION_SESSION_FACTS_H
#define PROXY_SESSION_SESSION_FACTS_H

#include "proxy/session/session.h"

/* Listener, protocol, direction, and when it began. */
void session_facts(const struct session *s, struct facts *facts);
/* The client, and what was found out about it. */
void session_client_facts(const struct session *s, struct facts *facts);
/* The version of TLS, and the cipher, with which the client's connection is encrypted. NULL: it is not. */
const char *session_tls_version(const struct session *s);
const char *session_tls_cipher(const struct session *s);
/* Whether what is said here stays between the client and us, or the load balancer that it trusts. */
bool session_is_encrypted(const struct session *s);

/* The name that the client asked for when it began TLS; empty: none. */
struct slice session_server_name(const struct session *s);
/* The connection's encryption; texts in the arena. */
void session_tls_facts(const struct session *s, struct arena *arena, struct facts *facts);

#endif
