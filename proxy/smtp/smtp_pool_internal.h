/* SPDX-License-Identifier: ISC
 * What smtp_pool.c (connections and jobs) and smtp_pool_probe.c (what servers can do) share. */
#ifndef PROXY_SMTP_SMTP_POOL_INTERNAL_H
#define PROXY_SMTP_SMTP_POOL_INTERNAL_H

#include "proxy/smtp/smtp_pool.h"
#include "proxy/smtp/smtp_upstream.h"
#include "proxy/upstream/upstream_server.h"

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
    struct upstream_server at;
    struct pool *pool;
    struct capabilities can;
    struct connection_list connections;
};

struct pool {
    struct smtp_pools *all;
    const struct backend *conf;
    struct pool_server *servers;
    size_t server_count;
    TAILQ_HEAD(, smtp_job) waiting;
    struct smtp_job probe; /* a recipient that cannot exist */
    struct job_recipient probe_recipient;
    char probe_address[320];
};

struct smtp_pools {
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

struct pool *smtp_pools_pool(const struct smtp_pools *backends, const struct backend *conf);

/* One more connection to a server; false when a limit forbids it or it cannot be begun. */
bool smtp_pools_open(struct pool_server *server);

#endif
