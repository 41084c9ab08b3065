/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_pool_internal.h"

#include "base/clock.h"
#include "proxy/upstream/upstream_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICK_MS = 50,    /* while jobs wait: deadlines, and connections that other proxies gave back */
    IDLE_MS = 30000, /* an idle connection is closed after this */
};

static void start_tick(struct smtp_pools *all);
static void serve_waiting(struct pool *pool);
static void upstream_idle(void *owner, struct smtp_upstream *upstream);
static void upstream_over(void *owner, struct smtp_upstream *upstream, enum smtp_upstream_end why);

static const struct smtp_upstream_owner upstream_callbacks = {upstream_idle, upstream_over};

struct pool *smtp_pools_pool(const struct smtp_pools *backends, const struct backend *conf)
{
    for (size_t i = 0; i < backends->pool_count; i++)
        if (backends->pools[i].conf == conf)
            return &backends->pools[i];
    return NULL;
}

/* ---- connections ---- */

static void forget(struct connection *connection)
{
    struct pool_server *server = connection->server;
    struct smtp_pools *all = server->pool->all;
    TAILQ_REMOVE(&server->connections, connection, link);
    upstream_server_give(&server->at);
    TAILQ_INSERT_TAIL(&all->graveyard, connection, link);
    event_active(all->bury, EV_TIMEOUT, 1);
}

/* Upstreams end deep inside their own callbacks;
 * they are freed from here, with nothing of theirs on the stack. */
static void bury(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct smtp_pools *all = arg;
    struct connection *connection;
    while ((connection = TAILQ_FIRST(&all->graveyard))) {
        TAILQ_REMOVE(&all->graveyard, connection, link);
        smtp_upstream_free(&connection->upstream);
        free(connection);
    }
}

static void mark_down(struct pool_server *server, const char *trouble)
{
    upstream_server_failed(&server->at, trouble);
    start_tick(server->pool->all);
}

bool smtp_pools_open(struct pool_server *server)
{
    struct pool *pool = server->pool;
    struct smtp_pools *all = pool->all;
    if (!upstream_server_take(&server->at))
        return false;
    struct connection *connection = calloc(1, sizeof *connection);
    const struct settings *settings = &all->config->settings;
    struct smtp_upstream_setup setup = {
        .base = all->base,
        .server = server->at.conf,
        .source = pool->conf->has_source ? &pool->conf->source : NULL,
        .hostname = all->config->hostname,
        .tls = all->tls,
        .session = &server->at.session,
        .shared = all->shared,
        .row = all->row,
        .plain = upstream_server_without_tls(&server->at),
        .connect_ms = settings->timeouts_connect,
        .reply_ms = settings->timeouts_backend,
    };
    const char *reason = "out of memory";
    if (connection)
        connection->upstream = smtp_upstream_new(&setup, &upstream_callbacks, connection, &reason);
    if (!connection || !connection->upstream) {
        mark_down(server, reason);
        free(connection);
        upstream_server_give(&server->at);
        return false;
    }
    connection->server = server;
    TAILQ_INSERT_TAIL(&server->connections, connection, link);
    return true;
}

/* ---- jobs ---- */

static void finish(struct smtp_job *job, enum job_outcome outcome, const char *trouble)
{
    job->outcome = outcome;
    job->trouble = trouble;
    job->upstream = NULL;
    job->done(job);
}

static uint64_t bit_of(const struct pool_server *server)
{
    return (uint64_t)1 << (size_t)(server - server->pool->servers);
}

static struct connection *idle_connection(struct pool_server *server)
{
    struct connection *connection;
    TAILQ_FOREACH(connection, &server->connections, link)
        if (connection->idle)
            return connection;
    return NULL;
}

/* A server is usable for a job when it is up (or nothing else is left to try)
 * and has not failed for it. */
static bool usable(const struct pool_server *server, const struct smtp_job *job)
{
    return !(job->tried & bit_of(server)) && !upstream_server_is_down(&server->at);
}

/* A job could begin there: now, or once a connection is open. */
static bool has_room(struct pool_server *server)
{
    return idle_connection(server) || upstream_server_has_room(&server->at);
}

static unsigned in_use(const struct pool_server *server)
{
    const struct connection *connection;
    unsigned n = 0;
    TAILQ_FOREACH(connection, &server->connections, link)
        n += !connection->idle;
    return n;
}

static bool better(struct pool_server *a, struct pool_server *b)
{
    if (!b || a->at.conf->priority != b->at.conf->priority)
        return !b || a->at.conf->priority < b->at.conf->priority;
    bool idle = idle_connection(a), other = idle_connection(b);
    return idle != other ? idle : in_use(a) < in_use(b);
}

static void start_on(struct connection *connection, struct smtp_job *job)
{
    connection->idle = false;
    smtp_upstream_start(connection->upstream, job);
}

enum placing { PLACED, MUST_WAIT, NOWHERE };

/* The best server's idle connection, else a new one to it. */
static enum placing place(struct pool *pool, struct smtp_job *job)
{
    struct pool_server *best = NULL;
    bool any = false;
    for (size_t i = 0; i < pool->server_count; i++) {
        struct pool_server *server = &pool->servers[i];
        bool may = usable(server, job);
        any = any || may;
        if (may && has_room(server) && better(server, best))
            best = server;
    }
    if (!best)
        return any ? MUST_WAIT : NOWHERE;
    struct connection *connection = idle_connection(best);
    if (connection) {
        start_on(connection, job);
        return PLACED;
    }
    return MUST_WAIT;
}

static unsigned connecting(const struct pool_server *server)
{
    const struct connection *connection;
    unsigned n = 0;
    TAILQ_FOREACH(connection, &server->connections, link)
        n += smtp_upstream_will_be_idle(connection->upstream);
    return n;
}

static void leave_queue(struct pool *pool, struct smtp_job *job)
{
    if (job->queued)
        TAILQ_REMOVE(&pool->waiting, job, queue);
    job->queued = false;
}

static void start_tick(struct smtp_pools *all)
{
    struct timeval soon = {0, TICK_MS * 1000};
    if (!all->tick_soon)
        event_add(all->tick, &soon);
    all->tick_soon = true;
}

/* Opens as many connections as jobs wait for, as far as the limits allow. */
static void open_for_waiting(struct pool *pool)
{
    unsigned wanted = 0;
    struct smtp_job *job;
    TAILQ_FOREACH(job, &pool->waiting, queue)
        wanted++;
    for (unsigned round = 0; round < wanted; round++) {
        struct pool_server *best = NULL;
        unsigned pending = 0;
        job = TAILQ_FIRST(&pool->waiting);
        for (size_t i = 0; job && i < pool->server_count; i++) {
            pending += connecting(&pool->servers[i]);
            if (usable(&pool->servers[i], job) && upstream_server_has_room(&pool->servers[i].at) &&
                better(&pool->servers[i], best))
                best = &pool->servers[i];
        }
        if (!best || pending >= wanted || !smtp_pools_open(best))
            return;
    }
}

static void serve_waiting(struct pool *pool)
{
    struct smtp_job *job, *next;
    int64_t now = clock_ms();
    for (job = TAILQ_FIRST(&pool->waiting); job; job = next) {
        next = TAILQ_NEXT(job, queue);
        enum placing placing = now >= job->deadline ? MUST_WAIT : place(pool, job);
        if (placing == PLACED) {
            leave_queue(pool, job);
        } else if (placing == NOWHERE || now >= job->deadline) {
            bool lost = placing == NOWHERE || job->retried;
            leave_queue(pool, job);
            finish(job, lost ? JOB_UNREACHABLE : JOB_BUSY,
                   lost ? "no server is up" : "no connection became free");
            next = TAILQ_FIRST(&pool->waiting); /* done() may have changed the queue */
        }
    }
    open_for_waiting(pool);
    if (!TAILQ_EMPTY(&pool->waiting))
        start_tick(pool->all);
}

void smtp_pools_submit(struct smtp_pools *all, struct smtp_job *job)
{
    struct pool *pool = smtp_pools_pool(all, job->backend);
    job->tried = 0;
    job->upstream = NULL;
    job->queued = false;
    if (TAILQ_EMPTY(&pool->waiting) && place(pool, job) == PLACED)
        return;
    job->queued = true;
    TAILQ_INSERT_TAIL(&pool->waiting, job, queue);
    open_for_waiting(pool);
    start_tick(all);
}

bool smtp_pools_cancel(struct smtp_pools *all, struct smtp_job *job)
{
    leave_queue(smtp_pools_pool(all, job->backend), job);
    struct smtp_upstream *upstream = job->upstream;
    job->upstream = NULL;
    if (upstream && smtp_upstream_abandon(upstream))
        return true;
    if (upstream)
        smtp_upstream_close(upstream);
    return false;
}

/* ---- what upstreams tell ---- */

/* A server that comes before this one will have the job as soon as its connection is open. */
static bool waits_for_better(const struct pool_server *server, const struct smtp_job *job)
{
    struct pool *pool = server->pool;
    for (size_t i = 0; i < pool->server_count; i++) {
        struct pool_server *other = &pool->servers[i];
        if (other->at.conf->priority < server->at.conf->priority && usable(other, job) &&
            (has_room(other) || connecting(other)))
            return true;
    }
    return false;
}

static void upstream_idle(void *owner, struct smtp_upstream *upstream)
{
    struct connection *connection = owner;
    struct pool_server *server = connection->server;
    struct pool *pool = server->pool;
    connection->upstream = upstream;
    upstream_server_answered(&server->at);
    server->can = *smtp_upstream_capabilities(upstream);
    struct smtp_job *job;
    TAILQ_FOREACH(job, &pool->waiting, queue)
        if (!(job->tried & bit_of(server)) && !waits_for_better(server, job))
            break;
    if (job) {
        leave_queue(pool, job);
        start_on(connection, job);
        return;
    }
    connection->idle = true;
    connection->idle_since = clock_ms();
    if (pool->all->closing)
        smtp_upstream_close(upstream);
    else
        start_tick(pool->all);
}

/* The job of a connection that broke: again on a fresh connection when that can do no harm. */
static void job_lost(struct pool *pool, struct pool_server *server, struct smtp_job *job,
                     bool dot_out, const char *trouble)
{
    job->upstream = NULL;
    if (dot_out) {
        finish(job, JOB_IN_DOUBT, trouble);
        return;
    }
    /* The first time it may have been a connection that the server had tired of. */
    if (job->retried)
        job->tried |= bit_of(server);
    job->retried = true;
    job->queued = true;
    TAILQ_INSERT_HEAD(&pool->waiting, job, queue);
}

static void close_stale(struct pool_server *server, int64_t older_than)
{
    struct connection *connection, *next;
    for (connection = TAILQ_FIRST(&server->connections); connection; connection = next) {
        next = TAILQ_NEXT(connection, link);
        if (connection->idle && connection->idle_since <= older_than) {
            smtp_upstream_quit(connection->upstream);
            smtp_upstream_close(connection->upstream);
        }
    }
}

static void upstream_over(void *owner, struct smtp_upstream *upstream, enum smtp_upstream_end why)
{
    struct connection *connection = owner;
    struct pool_server *server = connection->server;
    struct pool *pool = server->pool;
    const char *trouble = smtp_upstream_trouble(upstream);
    struct smtp_job *job = smtp_upstream_job(upstream);
    connection->idle = false;
    forget(connection);
    if (why == UPSTREAM_END_TLS)
        upstream_server_tls_failed(&server->at, trouble);
    else if (why == UPSTREAM_END_CONNECT)
        upstream_server_failed(&server->at, trouble);
    start_tick(pool->all);
    if (job) {
        close_stale(server, INT64_MAX); /* what was idle beside it is not trusted either */
        job_lost(pool, server, job, smtp_upstream_dot_out(upstream), trouble);
    }
    if (!TAILQ_EMPTY(&pool->waiting))
        event_active(pool->all->tick, EV_TIMEOUT, 1);
}

/* Idle connections end; a server that is down is tried again, so that mail finds it up or goes
 * elsewhere. True: there is more to look after. */
static bool tend(struct pool_server *server)
{
    close_stale(server, clock_ms() - IDLE_MS);
    if (upstream_server_may_be_tried(&server->at) && !server->pool->all->closing)
        smtp_pools_open(server);
    return server->at.open > 0 || server->at.down_ms > 0;
}

static void tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct smtp_pools *all = arg;
    bool again = false;
    all->tick_soon = false;
    for (size_t i = 0; i < all->pool_count; i++) {
        struct pool *pool = &all->pools[i];
        if (!TAILQ_EMPTY(&pool->waiting))
            serve_waiting(pool);
        for (size_t n = 0; n < pool->server_count; n++)
            again = tend(&pool->servers[n]) || again;
    }
    struct timeval second = {1, 0};
    if (again && !event_pending(all->tick, EV_TIMEOUT, NULL))
        event_add(all->tick, &second);
}

void smtp_pools_close_idle(struct smtp_pools *all)
{
    all->closing = true;
    for (size_t i = 0; i < all->pool_count; i++)
        for (size_t n = 0; n < all->pools[i].server_count; n++)
            close_stale(&all->pools[i].servers[n], INT64_MAX);
}

/* ---- making and ending ---- */

static bool make_pool(struct smtp_pools *all, struct pool *pool, const struct backend *conf,
                      unsigned proxies)
{
    *pool = (struct pool){.all = all, .conf = conf};
    TAILQ_INIT(&pool->waiting);
    size_t count = conf->server_count < SERVERS_MAX ? conf->server_count : SERVERS_MAX;
    pool->servers = calloc(count ? count : 1, sizeof *pool->servers);
    if (!pool->servers)
        return false;
    pool->server_count = count;
    for (size_t i = 0; i < pool->server_count; i++) {
        struct pool_server *server = &pool->servers[i];
        upstream_server_init(&server->at, conf, &conf->servers[i], all->shared, all->row, proxies);
        server->pool = pool;
        TAILQ_INIT(&server->connections);
    }
    return true;
}

struct smtp_pools *smtp_pools_new(struct event_base *base, const struct config *config,
                                  struct slice ca_pem, struct shared *shared, unsigned row,
                                  unsigned proxies)
{
    struct smtp_pools *all = calloc(1, sizeof *all);
    if (!all)
        return NULL;
    *all = (struct smtp_pools){.base = base, .config = config, .shared = shared, .row = row};
    TAILQ_INIT(&all->graveyard);
    all->tls = upstream_tls_new(ca_pem);
    all->tick = event_new(base, -1, 0, tick, all);
    all->bury = event_new(base, -1, 0, bury, all);
    all->probe_arena = arena_new(64 * 1024);
    all->pools = calloc(config->backend_count ? config->backend_count : 1, sizeof *all->pools);
    bool made = all->tls && all->tick && all->bury && all->probe_arena && all->pools;
    for (size_t i = 0; made && i < config->backend_count; i++, all->pool_count++)
        made = make_pool(all, &all->pools[i], &config->backends[i], proxies ? proxies : 1);
    if (!made)
        smtp_pools_free(&all);
    return all;
}

static void free_pool(struct pool *pool)
{
    for (size_t i = 0; i < pool->server_count; i++) {
        struct connection *connection;
        while ((connection = TAILQ_FIRST(&pool->servers[i].connections)))
            forget(connection);
        upstream_server_release(&pool->servers[i].at);
    }
    free(pool->servers);
}

void smtp_pools_free(struct smtp_pools **backends)
{
    struct smtp_pools *all = *backends;
    if (!all)
        return;
    for (size_t i = 0; i < all->pool_count; i++)
        free_pool(&all->pools[i]);
    bury(-1, 0, all);
    if (all->tick)
        event_free(all->tick);
    if (all->bury)
        event_free(all->bury);
    SSL_CTX_free(all->tls);
    arena_free(&all->probe_arena);
    free(all->pools);
    free(all);
    *backends = NULL;
}
