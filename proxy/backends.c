/* SPDX-License-Identifier: ISC */
#include "proxy/backends_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICK_MS = 50,    /* while jobs wait: deadlines, and connections that other proxies gave back */
    IDLE_MS = 30000, /* an idle connection is closed after this */
    DOWN_FIRST_MS = 500, /* a server that failed is left alone for this, twice as long each time */
    DOWN_MOST_MS = 30000,
    NO_TLS_MS = 600000, /* after a failed handshake an opportunistic server is spoken to in
                           plaintext for this */
    CONNECTIONS_STANDARD = 20,
};

static void start_tick(struct backends *all);
static void serve_waiting(struct pool *pool);
static void upstream_idle(void *owner, struct smtp_upstream *upstream);
static void upstream_over(void *owner, struct smtp_upstream *upstream, enum smtp_upstream_end why);

static const struct smtp_upstream_owner upstream_callbacks = {upstream_idle, upstream_over};

struct pool *backends_pool(const struct backends *backends, const struct backend *conf)
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
    struct backends *all = server->pool->all;
    TAILQ_REMOVE(&server->connections, connection, link);
    server->open--;
    shared_backend_give(all->shared, all->row, server->number);
    TAILQ_INSERT_TAIL(&all->graveyard, connection, link);
    event_active(all->bury, EV_TIMEOUT, 1);
}

/* Clients end deep inside their own callbacks; they are freed from here, with nothing of theirs on
 * the stack. */
static void bury(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct backends *all = arg;
    struct connection *connection;
    while ((connection = TAILQ_FIRST(&all->graveyard))) {
        TAILQ_REMOVE(&all->graveyard, connection, link);
        smtp_upstream_free(&connection->upstream);
        free(connection);
    }
}

static bool is_down(const struct pool_server *server)
{
    return clock_ms() < server->down_until;
}

static void mark_down(struct pool_server *server, const char *trouble)
{
    bool again = server->down_ms > 0;
    server->down_ms = again ? server->down_ms * 2 : DOWN_FIRST_MS;
    if (server->down_ms > DOWN_MOST_MS)
        server->down_ms = DOWN_MOST_MS;
    server->down_until = clock_ms() + server->down_ms;
    log_at(again ? LEVEL_DEBUG : LEVEL_WARNING, "", "backend server down",
           field_text("backend", server->pool->conf->name),
           field_text("server", server->conf->address), field_str("reason", trouble),
           field_num("retry_ms", server->down_ms));
    start_tick(server->pool->all);
}

static void mark_up(struct pool_server *server, const struct capabilities *can)
{
    if (server->down_ms)
        log_at(LEVEL_INFO, "", "backend server up", field_text("backend", server->pool->conf->name),
               field_text("server", server->conf->address));
    server->down_ms = server->down_until = 0;
    server->can = *can;
}

bool backends_open(struct pool_server *server)
{
    struct pool *pool = server->pool;
    struct backends *all = pool->all;
    if (server->open >= pool->share ||
        !shared_backend_take(all->shared, all->row, server->number, pool->limit))
        return false;
    struct connection *connection = calloc(1, sizeof *connection);
    const struct settings *settings = &all->config->settings;
    struct smtp_upstream_setup setup = {
        .base = all->base,
        .server = server->conf,
        .source = pool->conf->has_source ? &pool->conf->source : NULL,
        .hostname = all->config->hostname,
        .tls = all->tls,
        .session = &server->session,
        .shared = all->shared,
        .row = all->row,
        .plain = clock_ms() < server->no_tls_until,
        .connect_ms = settings->timeouts_connect,
        .reply_ms = settings->timeouts_backend,
    };
    const char *reason = "out of memory";
    if (connection)
        connection->upstream = smtp_upstream_new(&setup, &upstream_callbacks, connection, &reason);
    if (!connection || !connection->upstream) {
        mark_down(server, reason);
        free(connection);
        shared_backend_give(all->shared, all->row, server->number);
        return false;
    }
    connection->server = server;
    TAILQ_INSERT_TAIL(&server->connections, connection, link);
    server->open++;
    return true;
}

/* ---- jobs ---- */

static void finish(struct backend_job *job, enum job_outcome outcome, const char *trouble)
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

/* A server is usable for a job when it is up (or nothing else is left to try) and has not failed
 * for it. */
static bool usable(const struct pool_server *server, const struct backend_job *job)
{
    return !(job->tried & bit_of(server)) && !is_down(server);
}

/* A job could begin there: now, or once a connection is open. */
static bool has_room(struct pool_server *server)
{
    return idle_connection(server) || server->open < server->pool->share;
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
    if (!b || a->conf->priority != b->conf->priority)
        return !b || a->conf->priority < b->conf->priority;
    bool idle = idle_connection(a), other = idle_connection(b);
    return idle != other ? idle : in_use(a) < in_use(b);
}

static void start_on(struct connection *connection, struct backend_job *job)
{
    connection->idle = false;
    smtp_upstream_start(connection->upstream, job);
}

enum placing { PLACED, MUST_WAIT, NOWHERE };

/* The best server's idle connection, else a new one to it. */
static enum placing place(struct pool *pool, struct backend_job *job)
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

static void leave_queue(struct pool *pool, struct backend_job *job)
{
    if (job->queued)
        TAILQ_REMOVE(&pool->waiting, job, queue);
    job->queued = false;
}

static void start_tick(struct backends *all)
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
    struct backend_job *job;
    TAILQ_FOREACH(job, &pool->waiting, queue)
        wanted++;
    for (unsigned round = 0; round < wanted; round++) {
        struct pool_server *best = NULL;
        unsigned pending = 0;
        job = TAILQ_FIRST(&pool->waiting);
        for (size_t i = 0; job && i < pool->server_count; i++) {
            pending += connecting(&pool->servers[i]);
            if (usable(&pool->servers[i], job) && pool->servers[i].open < pool->share &&
                better(&pool->servers[i], best))
                best = &pool->servers[i];
        }
        if (!best || pending >= wanted || !backends_open(best))
            return;
    }
}

static void serve_waiting(struct pool *pool)
{
    struct backend_job *job, *next;
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

void backends_submit(struct backends *all, struct backend_job *job)
{
    struct pool *pool = backends_pool(all, job->backend);
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

bool backends_cancel(struct backends *all, struct backend_job *job)
{
    leave_queue(backends_pool(all, job->backend), job);
    struct smtp_upstream *upstream = job->upstream;
    job->upstream = NULL;
    if (upstream && smtp_upstream_abandon(upstream))
        return true;
    if (upstream)
        smtp_upstream_close(upstream);
    return false;
}

/* ---- what clients tell ---- */

/* A server that comes before this one will have the job as soon as its connection is open. */
static bool waits_for_better(const struct pool_server *server, const struct backend_job *job)
{
    struct pool *pool = server->pool;
    for (size_t i = 0; i < pool->server_count; i++) {
        struct pool_server *other = &pool->servers[i];
        if (other->conf->priority < server->conf->priority && usable(other, job) &&
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
    mark_up(server, smtp_upstream_capabilities(upstream));
    struct backend_job *job;
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
static void job_lost(struct pool *pool, struct pool_server *server, struct backend_job *job,
                     bool dot_out, const char *trouble)
{
    job->upstream = NULL;
    if (dot_out) {
        finish(job, JOB_IN_DOUBT, trouble);
        return;
    }
    if (job->retried) /* the first time it may have been a connection that the server had tired of
                       */
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
    struct backend_job *job = smtp_upstream_job(upstream);
    connection->idle = false;
    forget(connection);
    if (why == UPSTREAM_END_TLS && server->conf->tls == BACKEND_TLS_OPPORTUNISTIC &&
        !server->conf->implicit_tls) {
        server->no_tls_until = clock_ms() + NO_TLS_MS;
        log_at(LEVEL_WARNING, "", "TLS with backend failed, going on without",
               field_text("server", server->conf->address), field_str("reason", trouble));
    } else if (why == UPSTREAM_END_CONNECT || why == UPSTREAM_END_TLS) {
        mark_down(server, trouble);
    }
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
    if (server->down_ms && !is_down(server) && !server->open && !server->pool->all->closing)
        backends_open(server);
    return server->open > 0 || server->down_ms > 0;
}

static void tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct backends *all = arg;
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

void backends_close_idle(struct backends *all)
{
    all->closing = true;
    for (size_t i = 0; i < all->pool_count; i++)
        for (size_t n = 0; n < all->pools[i].server_count; n++)
            close_stale(&all->pools[i].servers[n], INT64_MAX);
}

/* ---- making and ending ---- */

/* Whom `tls verify` trusts: every certificate in the file. */
static bool trust(SSL_CTX *tls, struct slice ca_pem)
{
    BIO *pem = BIO_new_mem_buf(ca_pem.len ? ca_pem.ptr : "", (int)ca_pem.len);
    if (!pem)
        return false;
    X509 *ca;
    while ((ca = PEM_read_bio_X509(pem, NULL, NULL, NULL))) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(tls), ca);
        X509_free(ca);
    }
    ERR_clear_error(); /* the end of the file is an error to PEM_read */
    BIO_free(pem);
    return true;
}

static SSL_CTX *upstream_context(struct slice ca_pem)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (!tls || !SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) || !trust(tls, ca_pem)) {
        SSL_CTX_free(tls);
        return NULL;
    }
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(tls, smtp_upstream_keep_session);
    return tls;
}

static bool make_pool(struct backends *all, struct pool *pool, const struct backend *conf,
                      unsigned proxies)
{
    *pool = (struct pool){.all = all, .conf = conf};
    TAILQ_INIT(&pool->waiting);
    pool->limit = conf->connections ? conf->connections : CONNECTIONS_STANDARD;
    pool->share = pool->limit / proxies ? pool->limit / proxies : 1;
    size_t count = conf->server_count < SERVERS_MAX ? conf->server_count : SERVERS_MAX;
    pool->servers = calloc(count ? count : 1, sizeof *pool->servers);
    if (!pool->servers)
        return false;
    pool->server_count = count;
    for (size_t i = 0; i < pool->server_count; i++) {
        struct pool_server *server = &pool->servers[i];
        server->conf = &conf->servers[i];
        server->pool = pool;
        server->number = shared_server(all->shared, &server->conf->ip, server->conf->port);
        TAILQ_INIT(&server->connections);
    }
    return true;
}

struct backends *backends_new(struct event_base *base, const struct config *config,
                              struct slice ca_pem, struct shared *shared, unsigned row,
                              unsigned proxies)
{
    struct backends *all = calloc(1, sizeof *all);
    if (!all)
        return NULL;
    *all = (struct backends){.base = base, .config = config, .shared = shared, .row = row};
    TAILQ_INIT(&all->graveyard);
    all->tls = upstream_context(ca_pem);
    all->tick = event_new(base, -1, 0, tick, all);
    all->bury = event_new(base, -1, 0, bury, all);
    all->probe_arena = arena_new(64 * 1024);
    all->pools = calloc(config->backend_count ? config->backend_count : 1, sizeof *all->pools);
    bool made = all->tls && all->tick && all->bury && all->probe_arena && all->pools;
    for (size_t i = 0; made && i < config->backend_count; i++, all->pool_count++)
        made = make_pool(all, &all->pools[i], &config->backends[i], proxies ? proxies : 1);
    if (!made)
        backends_free(&all);
    return all;
}

static void free_pool(struct pool *pool)
{
    for (size_t i = 0; i < pool->server_count; i++) {
        struct connection *connection;
        while ((connection = TAILQ_FIRST(&pool->servers[i].connections)))
            forget(connection);
        SSL_SESSION_free(pool->servers[i].session);
    }
    free(pool->servers);
}

void backends_free(struct backends **backends)
{
    struct backends *all = *backends;
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
