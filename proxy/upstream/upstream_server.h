/* SPDX-License-Identifier: ISC
 * One server of a backend, as one proxy sees it, whatever is spoken to it: is it up, is there room
 * for one more connection, with or without TLS. It opens no connection itself. */
#ifndef PROXY_UPSTREAM_UPSTREAM_SERVER_H
#define PROXY_UPSTREAM_UPSTREAM_SERVER_H

#include "common/shared.h"
#include "proxy/upstream/upstream_way.h"

#include <openssl/ssl.h>

struct upstream_server;

/* All that is given must outlive it; `row` is this proxy's in the shared table. `limit`: most
 * connections to it, of all proxies; `share`: of this one. NULL: no memory. */
struct upstream_server *upstream_server_new(const struct backend *backend,
                                            const struct server *conf, SSL_CTX *tls,
                                            struct shared *shared, unsigned row, unsigned limit,
                                            unsigned share);
/* When all its connections have ended. */
void upstream_server_free(struct upstream_server **server);

const struct server *upstream_server_conf(const struct upstream_server *server);
/* Its place in the shared table. */
unsigned upstream_server_number(const struct upstream_server *server);

/* ---- up or down: not of one that is `original`, which stands for many ---- */

/* A server that failed is left alone for a while, each time longer: it is down. */
void upstream_server_failed(struct upstream_server *server, const char *trouble);
/* It takes us for somebody else, and will as long as nobody does something about it: it is left alone
 * for so long that no account is locked for what we try. */
void upstream_server_refused(struct upstream_server *server, const char *trouble);
/* It can be spoken to: whatever was wrong is over. */
void upstream_server_answered(struct upstream_server *server);
bool upstream_server_is_down(const struct upstream_server *server);
/* It was down, and has been left alone for long enough: somebody should try. */
bool upstream_server_may_be_tried(const struct upstream_server *server);
/* It has connections, or failed and has not answered since: it must be looked after. */
bool upstream_server_needs_care(const struct upstream_server *server);

/* ---- what it is ---- */

/* As configured, else by its greeting; the first time it is logged, with what to see to. `told`: it
 * takes the addresses of clients from us. */
enum server_profile upstream_server_profile(struct upstream_server *server, struct slice greeting,
                                            bool told);

/* It is not told whose connections are, although it should be, which is logged once; or it is again. */
void upstream_server_not_told(struct upstream_server *server, const char *why);
void upstream_server_told(struct upstream_server *server);

/* ---- connections ---- */

/* Room for one more within our share; taken, also within what all proxies may have.
 * False: nothing was taken. */
bool upstream_server_has_room(const struct upstream_server *server);
bool upstream_server_take(struct upstream_server *server);
/* A connection that was taken has ended. */
void upstream_server_give(struct upstream_server *server);
/* How many we have, and may have. */
unsigned upstream_server_in_use(const struct upstream_server *server);
unsigned upstream_server_share(const struct upstream_server *server);

/* ---- TLS ---- */

/* For one connection to it, as the configuration demands; resumes the last session with it, where it is always
 * the same. The caller's, and must not outlive the server. NULL: no memory. */
SSL *upstream_server_tls(struct upstream_server *server, const struct upstream_way *way);
/* The handshake failed: an opportunistic server is spoken to in
 * plaintext for a while; any other is down. */
void upstream_server_tls_failed(struct upstream_server *server, const struct upstream_way *way,
                                const char *trouble);
/* It is to be spoken to in plaintext for now. */
bool upstream_server_without_tls(const struct upstream_server *server,
                                 const struct upstream_way *way);

#endif
