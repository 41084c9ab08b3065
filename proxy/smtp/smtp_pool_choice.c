/* SPDX-License-Identifier: ISC
 * Where a job should go: by priority, then to whom has an idle connection,
 * then to whom is least busy. */
#include "proxy/smtp/smtp_pool_internal.h"

static struct smtp_pool *find(const struct smtp_pools *backends, const struct backend *conf,
                              bool for_logins)
{
    for (size_t i = 0; i < backends->pool_count; i++)
        if (backends->pools[i].conf == conf && backends->pools[i].for_logins == for_logins)
            return &backends->pools[i];
    return NULL;
}

struct smtp_pool *smtp_pools_pool(const struct smtp_pools *backends, const struct backend *conf)
{
    return find(backends, conf, false);
}

struct smtp_pool *smtp_pools_logins(const struct smtp_pools *backends, const struct backend *conf)
{
    return find(backends, conf, true);
}

static uint64_t bit_of(const struct smtp_pool_server *server)
{
    return (uint64_t)1 << (size_t)(server - server->pool->servers);
}

void smtp_pool_note_failed(const struct smtp_pool_server *server, struct smtp_job *job)
{
    job->tried |= bit_of(server);
}

bool smtp_pool_has_failed(const struct smtp_pool_server *server, const struct smtp_job *job)
{
    return job->tried & bit_of(server);
}

/* ---- connections ---- */

struct smtp_connection *smtp_pool_idle(const struct smtp_pool_server *server)
{
    struct smtp_connection *connection;
    TAILQ_FOREACH(connection, &server->connections, link)
        if (connection->idle)
            return connection;
    return NULL;
}

static unsigned in_use(const struct smtp_pool_server *server)
{
    const struct smtp_connection *connection;
    unsigned n = 0;
    TAILQ_FOREACH(connection, &server->connections, link)
        n += !connection->idle;
    return n;
}

static unsigned connecting(const struct smtp_pool_server *server)
{
    const struct smtp_connection *connection;
    unsigned n = 0;
    TAILQ_FOREACH(connection, &server->connections, link)
        n += smtp_upstream_will_be_idle(connection->upstream);
    return n;
}

unsigned smtp_pool_connecting(const struct smtp_pool *pool)
{
    unsigned n = 0;
    for (size_t i = 0; i < pool->server_count; i++)
        n += connecting(&pool->servers[i]);
    return n;
}

/* ---- servers ---- */

/* It is up and has not failed for the job; where an `original` is only who wants to go there knows. */
static bool usable(const struct smtp_pool_server *server, const struct smtp_job *job)
{
    return !smtp_pool_has_failed(server, job) && !upstream_server_is_down(server->at) &&
           !upstream_server_conf(server->at)->original;
}

/* A job could begin there: now, or once a connection is open. */
static bool has_room(const struct smtp_pool_server *server)
{
    return smtp_pool_idle(server) || upstream_server_has_room(server->at);
}

static unsigned priority(const struct smtp_pool_server *server)
{
    return upstream_server_conf(server->at)->priority;
}

static bool better(const struct smtp_pool_server *a, const struct smtp_pool_server *b)
{
    if (!b || priority(a) != priority(b))
        return !b || priority(a) < priority(b);
    bool idle = smtp_pool_idle(a), other = smtp_pool_idle(b);
    return idle != other ? idle : in_use(a) < in_use(b);
}

struct smtp_pool_server *smtp_pool_best(const struct smtp_pool *pool, const struct smtp_job *job,
                                        bool *any)
{
    struct smtp_pool_server *best = NULL;
    *any = false;
    for (size_t i = 0; i < pool->server_count; i++) {
        struct smtp_pool_server *server = &pool->servers[i];
        bool may = usable(server, job);
        *any = *any || may;
        if (may && has_room(server) && better(server, best))
            best = server;
    }
    return best;
}

struct smtp_pool_server *smtp_pool_best_to_open(const struct smtp_pool *pool,
                                                const struct smtp_job *job)
{
    struct smtp_pool_server *best = NULL;
    for (size_t i = 0; i < pool->server_count; i++) {
        struct smtp_pool_server *server = &pool->servers[i];
        if (usable(server, job) && upstream_server_has_room(server->at) && better(server, best))
            best = server;
    }
    return best;
}

bool smtp_pool_waits_for_better(const struct smtp_pool_server *server, const struct smtp_job *job)
{
    const struct smtp_pool *pool = server->pool;
    for (size_t i = 0; i < pool->server_count; i++) {
        const struct smtp_pool_server *other = &pool->servers[i];
        if (priority(other) < priority(server) && usable(other, job) &&
            (has_room(other) || connecting(other)))
            return true;
    }
    return false;
}

/* ---- for one session alone ---- */

static bool better_for_login(const struct smtp_pool_server *a, const struct smtp_pool_server *b)
{
    bool down = upstream_server_is_down(a->at), other = b && upstream_server_is_down(b->at);
    if (!b || down != other)
        return !b || other;
    if (priority(a) != priority(b))
        return priority(a) < priority(b);
    return upstream_server_in_use(a->at) < upstream_server_in_use(b->at);
}

struct smtp_pool_server *smtp_pool_best_for_login(const struct smtp_pool *pool, uint64_t *tried)
{
    struct smtp_pool_server *best = NULL;
    for (size_t i = 0; i < pool->server_count; i++)
        if (!(*tried & bit_of(&pool->servers[i])) && better_for_login(&pool->servers[i], best))
            best = &pool->servers[i];
    if (best)
        *tried |= bit_of(best);
    return best;
}
