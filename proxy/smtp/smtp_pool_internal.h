/* SPDX-License-Identifier: ISC
 * What the parts of the pools share. Each part calls those above it alone: smtp_pool_choice.c
 * (where a job should go), smtp_pool_connection.c (beginning and end of connections),
 * smtp_pool_job.c (jobs, and what their upstreams tell), smtp_pool_private.c (connections of one
 * session each), smtp_pool_probe.c (what servers can do), smtp_pool_names.c (how they are called) and smtp_pool.c (all pools: made, looked after, ended). */
#ifndef PROXY_SMTP_SMTP_POOL_INTERNAL_H
#define PROXY_SMTP_SMTP_POOL_INTERNAL_H

#include "proxy/smtp/smtp_pool.h"
#include "proxy/smtp/smtp_upstream.h"
#include "proxy/upstream/upstream_server.h"

enum { SERVERS_MAX = 64 /* bits of job->tried */ };

struct smtp_connection {
    TAILQ_ENTRY(smtp_connection) link;
    struct smtp_pool_server *server;
    struct smtp_upstream *upstream;
    bool idle;       /* of a pool, and it has no job */
    bool is_private; /* of one session, which says what it has to do */
    int64_t idle_since;
    bool works; /* for this one */
    struct holder holder;
};
TAILQ_HEAD(smtp_connections, smtp_connection);

struct smtp_pool_server {
    struct upstream_server *at;
    struct smtp_pool *pool;
    struct credentials *login; /* owned; NULL: we do not log in there */
    struct smtp_capabilities can;
    struct smtp_server_names names;
    struct smtp_connections connections;
};

struct smtp_pool {
    struct smtp_pools *all;
    const struct backend *conf;
    bool for_logins; /* of sessions, each with a connection of its own: it has no jobs */
    struct smtp_pool_server *servers;
    size_t server_count;
    TAILQ_HEAD(, smtp_job) waiting;
    struct smtp_job probe; /* a recipient that cannot exist */
    struct job_recipient probe_recipient;
    char probe_address[320];
};

struct smtp_pools {
    struct event_base *base;
    const struct config *config;
    const struct smtp_upstream_owner *hears; /* what connections tell */
    struct shared *shared;
    unsigned row;
    SSL_CTX *tls;
    struct smtp_pool *pools;
    size_t pool_count;
    struct event *tick, *bury;
    struct smtp_connections graveyard;
    struct arena *probe_arena;
    bool closing, tick_soon;
};

/* ---- smtp_pool_choice.c: nothing is changed but the job's note ---- */

struct smtp_pool *smtp_pools_pool(const struct smtp_pools *backends, const struct backend *conf);
/* The same of its servers where users log in. */
struct smtp_pool *smtp_pools_logins(const struct smtp_pools *backends, const struct backend *conf);
/* The best of those without a bit in `tried`, which it is given; NULL: none. */
struct smtp_pool_server *smtp_pool_best_for_login(const struct smtp_pool *pool, uint64_t *tried);
struct smtp_connection *smtp_pool_idle(const struct smtp_pool_server *server); /* NULL: none */
/* Connections of all servers that are about to be idle. */
unsigned smtp_pool_connecting(const struct smtp_pool *pool);
/* The server where the job should go, now or once a connection to it is open; NULL: none has room.
 * *any: some server may be used for it, with room or without. */
struct smtp_pool_server *smtp_pool_best(const struct smtp_pool *pool, const struct smtp_job *job,
                                        bool *any);
/* The server that one more connection should be opened to, for that job. NULL: none. */
struct smtp_pool_server *smtp_pool_best_to_open(const struct smtp_pool *pool,
                                                const struct smtp_job *job);
/* A server that comes before this one will have the job as soon as its connection is open. */
bool smtp_pool_waits_for_better(const struct smtp_pool_server *server, const struct smtp_job *job);
/* The server failed for the job: it will not be chosen for it again. */
void smtp_pool_note_failed(const struct smtp_pool_server *server, struct smtp_job *job);
bool smtp_pool_has_failed(const struct smtp_pool_server *server, const struct smtp_job *job);

/* ---- smtp_pool_probe.c ---- */

/* How many recipients it takes in a transaction, by what it told and what was found out; 0: not known. */
unsigned smtp_pool_recipients_most(const struct smtp_pool_server *server, unsigned told);
/* What it can do is known to all proxies. */
void smtp_pool_publish(struct smtp_pool_server *server);

/* ---- smtp_pool_connection.c ---- */

/* What a connection to it, for that client (NULL: for none), is made of. False: there is no way, *reason. */
bool smtp_pool_setup(const struct smtp_pool_server *server, const struct upstream_client *client,
                     struct smtp_upstream_setup *out, const char **reason);
/* One more connection to a server; false when a limit forbids it or it cannot be begun. */
bool smtp_pool_open(struct smtp_pool_server *server);
/* A connection that has ended. It is freed from the loop: its upstream may be on the stack. */
void smtp_pool_forget(struct smtp_connection *connection);
/* Frees those that were forgotten. */
void smtp_pools_bury(struct smtp_pools *all);
/* Closes what has been idle since `since` (clock_ms) or longer. */
void smtp_pool_close_idle(struct smtp_pool_server *server, int64_t since);
/* Says something on those of one session each on which nothing was said since then. */
void smtp_pool_keep_private(struct smtp_pool_server *server, int64_t since);
/* It works for that holder from now on. False: his networks have their share of the server. */
bool smtp_pool_employ(struct smtp_connection *connection, const struct holder *holder);
void smtp_pool_dismiss(struct smtp_connection *connection); /* for nobody, if it did */
/* Deadlines and limits are looked at again within milliseconds. */
void smtp_pools_look_soon(struct smtp_pools *all);

/* ---- smtp_pool_job.c ---- */

extern const struct smtp_upstream_owner smtp_pool_hears;
/* Gives waiting jobs what is idle, ends those whose time is over,
 * and opens connections for the rest. */
void smtp_pool_serve_waiting(struct smtp_pool *pool);

#endif
