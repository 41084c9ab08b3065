/* SPDX-License-Identifier: ISC
 * TLS towards clients: certificates chosen by SNI, session tickets that all proxies share,
 * Mozilla's intermediate ciphers, more where the other way is plaintext (RFC 7435), strict ALPN. */
#ifndef PROXY_PROCESS_TLS_H
#define PROXY_PROCESS_TLS_H

#include "common/messages.h"
#include "policy/config.h"

#include <openssl/ssl.h>

struct tls_contexts;

/* Loads every certificate of the configuration through `files`. Several certificates with the same
 * names (RSA and ECDSA) serve together. An empty configuration gives contexts that tls_ready says
 * no for. NULL: *reason names the file and what is wrong with it (in a static buffer). */
struct tls_contexts *tls_contexts_new(const struct config *config, const struct loader *files,
                                      const char **reason);
void tls_contexts_free(struct tls_contexts **contexts);

bool tls_ready(const struct tls_contexts *contexts); /* there is a certificate */

/* Whether a certificate bears this name, as it would be chosen for it. */
bool tls_bears(const struct tls_contexts *contexts, struct slice name);
/* What ClientHellos are read with before they are answered (tls_hello.h); NULL: no listener asks. */
SSL_CTX *tls_reader(const struct tls_contexts *contexts);

/* New ticket keys: the first encrypts, all decrypt (RFC 5077 5.5). */
void tls_set_tickets(struct tls_contexts *contexts, const struct slice keys[static TICKET_KEYS]);

/* A server side for one connection that came to `listener`; the caller's, or the stream's that it is
 * given to. `protocol` is the only ALPN name that is accepted (RFC 7301): it must outlive the SSL.
 * NULL: no memory. */
SSL *tls_accept(struct tls_contexts *contexts, const struct listener *listener,
                const char *protocol);

#endif
