/* SPDX-License-Identifier: ISC
 * What backends.c (connections and jobs) and backends_probe.c (what servers can do) share. */
#ifndef PROXY_BACKENDS_INTERNAL_H
#define PROXY_BACKENDS_INTERNAL_H

#include "proxy/backends.h"
#include "proxy/smtp_upstream.h"

enum { SERVERS_MAX = 64 /* bits of job->tried */ };

struct connection {
    TAILQ_ENTRY(connection) link;
    struct pool_server *server;
    struct smtp_upstream *upstream;
    bool idle;
    int64_t idle_since;
};
TAILQ_HEAD(connection_list, connection);

struct pool_server {
    const struct server *conf;
    struct pool *pool;
    unsigned number; /* in the shared table */
    unsigned open;   /* our connections to it */
    SSL_SESSION *session;
    struct capabilities can;
    int64_t down_until, down_ms, no_tls_until;
    struct connection_list connections;
};

struct pool {
    struct backends *all;
    const struct backend *conf;
    struct pool_server *servers;
    size_t server_count;
    unsigned limit, share; /* connections to one server: over all proxies, ours */
    TAILQ_HEAD(, backend_job) waiting;
    struct backend_job probe; /* a recipient that cannot exist */
    struct job_recipient probe_recipient;
    char probe_address[320];
};

struct backends {
    struct event_base *base;
    const struct config *config;
    struct shared *shared;
    unsigned row;
    SSL_CTX *tls;
    struct pool *pools;
    size_t pool_count;
    struct event *tick, *bury;
    struct connection_list graveyard;
    struct arena *probe_arena;
    bool closing, tick_soon;
};

struct pool *backends_pool(const struct backends *backends, const struct backend *conf);

/* One more connection to a server; false when a limit forbids it or it cannot be begun. */
bool backends_open(struct pool_server *server);

#endif
