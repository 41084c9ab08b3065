/* SPDX-License-Identifier: ISC
 * One server of a backend, as one proxy sees it, whatever is spoken to it: is it up, is there room
 * for one more connection, with or without TLS. */
#ifndef PROXY_UPSTREAM_UPSTREAM_SERVER_H
#define PROXY_UPSTREAM_UPSTREAM_SERVER_H

#include "common/shared.h"
#include "policy/config.h"

#include <openssl/ssl.h>

struct upstream_server {
    const struct server *conf;
    struct slice backend; /* whose it is, for the log */
    struct shared *shared;
    unsigned row;
    unsigned number;       /* in the shared table */
    unsigned limit, share; /* connections: over all proxies, ours */
    unsigned open;         /* ours */
    SSL_SESSION *session;  /* owned: the last one, to be resumed */
    int64_t down_until, down_ms, no_tls_until;
};

/* Everything must outlive it; `row` is this proxy's in the shared table. `proxies`: how many share
 * the backend's connections. */
void upstream_server_init(struct upstream_server *server, const struct backend *backend,
                          const struct server *conf, struct shared *shared, unsigned row,
                          unsigned proxies);
void upstream_server_release(struct upstream_server *server);

/* A server that failed is left alone for a while, each time longer. */
void upstream_server_failed(struct upstream_server *server, const char *trouble);
void upstream_server_answered(struct upstream_server *server);
bool upstream_server_is_down(const struct upstream_server *server);
/* It was down, and has been left alone for long enough: somebody should try. */
bool upstream_server_may_be_tried(const struct upstream_server *server);

/* Room for one more connection within our share; taken, also within what all proxies may have.
 * Given back when the connection is closed. */
bool upstream_server_has_room(const struct upstream_server *server);
bool upstream_server_take(struct upstream_server *server);
void upstream_server_give(struct upstream_server *server);

/* The handshake failed: an opportunistic server is spoken to in
 * plaintext for a while; any other is down. */
void upstream_server_tls_failed(struct upstream_server *server, const char *trouble);
bool upstream_server_without_tls(const struct upstream_server *server);

#endif
