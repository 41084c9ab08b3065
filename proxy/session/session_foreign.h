/* SPDX-License-Identifier: ISC
 * TLS from the start that may be meant for somebody else: before anybody answers it, it is looked at which name
 * the client asks for. With a certificate of ours for that it goes on as ever; else it is passed on to where the client
 * wanted to go, or refused (foreign_tls). What is looked at stays in the socket. */
#ifndef PROXY_SESSION_SESSION_FOREIGN_H
#define PROXY_SESSION_SESSION_FOREIGN_H

#include "proxy/session/session.h"

struct session_foreign;

/* Begins to look; `ours` goes on with what is for us. The session may be gone afterwards. */
void session_foreign_begin(struct session *s, void (*ours)(struct session *s));
/* Gives up what is under way. */
void session_foreign_free(struct session_foreign **foreign);

/* Begins to connect to where the client wanted to go, if it is one who may send there. NULL: *reason. */
struct stream *session_foreign_connect(struct session *s, const struct stream_owner *hears,
                                       void *owner, const char **reason);

/* Why a connection that such a server is asked on is of no use any more. NULL: it still is. The text may be the
 * stream's. */
const char *session_foreign_fault(const struct stream *server, enum stream_event event);

/* Whether the client has sent more behind its wish for TLS, before that was answered: in plaintext, by whomever; passed
 * on it would count as part of what is encrypted (CVE-2011-0411 and its kin). */
bool session_spoke_early(const struct session *s);

#endif
