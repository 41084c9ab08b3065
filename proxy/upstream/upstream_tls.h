/* SPDX-License-Identifier: ISC
 * TLS with the servers behind. */
#ifndef PROXY_UPSTREAM_UPSTREAM_TLS_H
#define PROXY_UPSTREAM_UPSTREAM_TLS_H

#include "policy/config.h"

#include <openssl/ssl.h>

/* `ca_pem`: whom `tls verify` trusts. `minimum`: the oldest version, such as TLS1_2_VERSION; one that
 * is older is for servers that else are spoken to in plaintext, others have 1.2 at least. NULL: no
 * memory. SSL_CTX_free when no connection needs it. */
SSL_CTX *upstream_tls_new(struct slice ca_pem, int minimum);

/* For one connection to that server, at that address, as its configuration demands.
 * *session is the last one with it, to be resumed, and will be replaced:
 * it must outlive the connection. NULL: no memory. */
SSL *upstream_tls_connect(SSL_CTX *tls, const struct server *server, const struct ip *ip,
                          SSL_SESSION **session);

#endif
