/* SPDX-License-Identifier: ISC
 * Jobs of a pool: they wait for a connection, are given one, and come back when it broke. */
#include "proxy/smtp/smtp_pool_internal.h"

#include "base/clock.h"

static void finish(struct smtp_job *job, enum job_outcome outcome, const char *trouble)
{
    job->outcome = outcome;
    job->trouble = trouble;
    job->upstream = NULL;
    job->done(job);
}

static void start_on(struct smtp_connection *connection, struct smtp_job *job)
{
    connection->idle = false;
    smtp_upstream_start(connection->upstream, job);
}

static void leave_queue(struct smtp_pool *pool, struct smtp_job *job)
{
    if (job->queued)
        TAILQ_REMOVE(&pool->waiting, job, queue);
    job->queued = false;
}

/* ---- a place for each ---- */

enum placing { PLACED, MUST_WAIT, NOWHERE };

/* On the best server's idle connection. When it has none, or the job's networks have their share of
 * it, the job waits. */
static enum placing place(struct smtp_pool *pool, struct smtp_job *job)
{
    bool any;
    const struct smtp_pool_server *best = smtp_pool_best(pool, job, &any);
    struct smtp_connection *connection = best ? smtp_pool_idle(best) : NULL;
    if (connection && smtp_pool_employ(connection, &job->holder)) {
        start_on(connection, job);
        return PLACED;
    }
    return any ? MUST_WAIT : NOWHERE;
}

/* Opens as many connections as jobs wait for, as far as the limits allow. */
static void open_for_waiting(struct smtp_pool *pool)
{
    unsigned wanted = 0;
    const struct smtp_job *job;
    TAILQ_FOREACH(job, &pool->waiting, queue)
        wanted++;
    for (unsigned round = 0; round < wanted; round++) {
        struct smtp_pool_server *best = smtp_pool_best_to_open(pool, TAILQ_FIRST(&pool->waiting));
        if (!best || smtp_pool_connecting(pool) >= wanted || !smtp_pool_open(best))
            return;
    }
}

void smtp_pool_serve_waiting(struct smtp_pool *pool)
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
        smtp_pools_look_soon(pool->all);
}

void smtp_pools_submit(struct smtp_pools *all, struct smtp_job *job)
{
    struct smtp_pool *pool = smtp_pools_pool(all, job->backend);
    job->tried = 0;
    job->upstream = NULL;
    job->queued = false;
    if (place(pool, job) == PLACED) /* where a connection is idle, nobody who waits may have it */
        return;
    job->queued = true;
    TAILQ_INSERT_TAIL(&pool->waiting, job, queue);
    open_for_waiting(pool);
    smtp_pools_look_soon(all);
}

void smtp_pools_refuse(struct smtp_pools *all, struct smtp_job *job)
{
    job->tried = UINT64_MAX;
    job->upstream = NULL;
    job->queued = true;
    TAILQ_INSERT_TAIL(&smtp_pools_pool(all, job->backend)->waiting, job, queue);
    smtp_pools_look_soon(all);
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

static void upstream_idle(void *owner, struct smtp_upstream *upstream)
{
    struct smtp_connection *connection = owner;
    struct smtp_pool_server *server = connection->server;
    struct smtp_pool *pool = server->pool;
    connection->upstream = upstream;
    upstream_server_answered(server->at);
    server->can = *smtp_upstream_capabilities(upstream);
    server->names = *smtp_upstream_names(upstream);
    smtp_pool_publish(server);
    struct smtp_job *job;
    smtp_pool_dismiss(connection);
    TAILQ_FOREACH(job, &pool->waiting, queue)
        if (!smtp_pool_has_failed(server, job) && !smtp_pool_waits_for_better(server, job) &&
            smtp_pool_employ(connection, &job->holder))
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
        smtp_pools_look_soon(pool->all);
}

/* The job of a connection that broke: again on a fresh connection when that can do no harm. */
static void job_lost(struct smtp_pool_server *server, struct smtp_job *job, bool dot_out,
                     const char *trouble)
{
    job->upstream = NULL;
    if (dot_out) {
        finish(job, JOB_IN_DOUBT, trouble);
        return;
    }
    /* The first time it may have been a connection that the server had tired of. */
    if (job->retried)
        smtp_pool_note_failed(server, job);
    job->retried = true;
    job->queued = true;
    TAILQ_INSERT_HEAD(&server->pool->waiting, job, queue);
}

static void upstream_over(void *owner, struct smtp_upstream *upstream, enum smtp_upstream_end why)
{
    struct smtp_connection *connection = owner;
    struct smtp_pool_server *server = connection->server;
    struct smtp_pool *pool = server->pool;
    const char *trouble = smtp_upstream_trouble(upstream);
    struct smtp_job *job = smtp_upstream_job(upstream);
    connection->idle = false;
    smtp_pool_forget(connection);
    if (why == UPSTREAM_END_TLS)
        upstream_server_tls_failed(server->at, smtp_upstream_way(upstream), trouble);
    else if (why == UPSTREAM_END_CONNECT)
        upstream_server_failed(server->at, trouble);
    else if (why == UPSTREAM_END_REFUSED)
        upstream_server_refused(server->at, trouble);
    smtp_pools_look_soon(pool->all);
    if (job) {
        smtp_pool_close_idle(server, INT64_MAX); /* what was idle beside it is not trusted either */
        job_lost(server, job, smtp_upstream_dot_out(upstream), trouble);
    }
    if (!TAILQ_EMPTY(&pool->waiting))
        event_active(pool->all->tick, EV_TIMEOUT, 1);
}

const struct smtp_upstream_owner smtp_pool_hears = {.idle = upstream_idle, .over = upstream_over};
