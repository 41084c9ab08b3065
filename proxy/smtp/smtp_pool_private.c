/* SPDX-License-Identifier: ISC
 * Connections of one session each. They count as all others to their server do, but no pool gives them
 * jobs. */
#include "proxy/smtp/smtp_private.h"

#include "base/clock.h"
#include "proxy/smtp/smtp_pool_internal.h"

#include <stdlib.h>

struct smtp_private {
    struct smtp_connection connection; /* the first member: it is forgotten and buried as such */
    const struct smtp_private_owner *hears;
    void *owner; /* NULL: it has gone */
    bool was_ready;
    struct smtp_job *waiting; /* until the server has answered what comes before; NULL: none */
};

/* ---- what the upstream tells ---- */

/* What one `original` can do says nothing of the next. */
static void learn(struct smtp_private *p, const struct smtp_upstream *upstream)
{
    struct smtp_pool_server *server = p->connection.server;
    p->was_ready = true;
    if (upstream_server_conf(server->at)->original)
        return;
    upstream_server_answered(server->at);
    server->can = *smtp_upstream_capabilities(upstream);
    server->names = *smtp_upstream_names(upstream);
    smtp_pool_publish(server);
}

static void ready(void *owner, struct smtp_upstream *upstream)
{
    struct smtp_private *p = owner;
    learn(p, upstream);
    p->hears->ready(p->owner);
}

static void replied(void *owner, struct smtp_upstream *upstream, const struct smtp_reply *reply)
{
    struct smtp_private *p = owner;
    (void)upstream;
    p->hears->replied(p->owner, reply);
}

static void end(struct smtp_private *p)
{
    struct smtp_upstream *upstream = p->connection.upstream;
    p->owner = NULL;
    smtp_upstream_quit(upstream);
    smtp_upstream_close(upstream);
}

/* A delivery that went on alone has nobody who waits for it, nor has one that is made for its job. */
static void idle(void *owner, struct smtp_upstream *upstream)
{
    struct smtp_private *p = owner;
    struct smtp_job *job = p->waiting;
    bool first = !p->was_ready;
    p->waiting = NULL;
    if (first)
        learn(p, upstream);
    p->connection.idle_since = clock_ms();
    if (job)
        smtp_upstream_start(upstream, job);
    else if (!p->owner)
        end(p);
    else if (first && p->hears->ready)
        p->hears->ready(p->owner);
}

static void learn_trouble(const struct smtp_pool_server *server,
                          const struct smtp_upstream *upstream, enum smtp_upstream_end why)
{
    const char *trouble = smtp_upstream_trouble(upstream);
    if (why == UPSTREAM_END_TLS)
        upstream_server_tls_failed(server->at, smtp_upstream_way(upstream), trouble);
    else if (why == UPSTREAM_END_CONNECT)
        upstream_server_failed(server->at, trouble);
    else if (why == UPSTREAM_END_REFUSED)
        upstream_server_refused(server->at, trouble);
}

/* The server may have tired of the connection, or is spoken to without TLS from now on. */
static bool may_do_better(const struct smtp_private *p, const struct smtp_upstream *upstream,
                          enum smtp_upstream_end why)
{
    return p->was_ready ||
           (why == UPSTREAM_END_TLS &&
            upstream_server_without_tls(p->connection.server->at, smtp_upstream_way(upstream)));
}

static void answer(struct smtp_job *job, bool dot_out, const char *trouble)
{
    job->outcome = dot_out ? JOB_IN_DOUBT : JOB_UNREACHABLE;
    job->trouble = trouble;
    job->upstream = NULL;
    job->done(job);
}

static void over(void *owner, struct smtp_upstream *upstream, enum smtp_upstream_end why)
{
    struct smtp_private *p = owner;
    const char *trouble = smtp_upstream_trouble(upstream);
    struct smtp_job *job = p->waiting ? p->waiting : smtp_upstream_job(upstream);
    bool dot_out = smtp_upstream_dot_out(upstream);
    p->waiting = NULL;
    learn_trouble(p->connection.server, upstream, why);
    smtp_pool_forget(&p->connection);
    if (p->owner)
        p->hears->over(p->owner, !p->was_ready, trouble);
    if (job && (dot_out || !p->owner || !p->hears->again ||
                !p->hears->again(p->owner, job, may_do_better(p, upstream, why))))
        answer(job, dot_out, trouble);
}

static struct told_client whose(void *owner)
{
    const struct smtp_private *p = owner;
    struct told_client nobody = {.port = 0};
    return p->owner && p->hears->whose ? p->hears->whose(p->owner) : nobody;
}

static const struct smtp_upstream_owner hears = {idle, over, ready, replied, whose};

/* ---- begun and ended ---- */

static struct smtp_private *open_to(struct smtp_pool_server *server,
                                    const struct smtp_private_wish *wish,
                                    const struct smtp_upstream_setup *setup, const char **reason)
{
    struct smtp_private *p = calloc(1, sizeof *p);
    *reason = "out of memory";
    if (p)
        p->connection.upstream = smtp_upstream_new(setup, &hears, p, reason);
    if (!p || !p->connection.upstream) {
        if (!backend_is_own(wish->backend)) /* else it was not even asked */
            upstream_server_failed(server->at, *reason);
        upstream_server_give(server->at);
        free(p);
        return NULL;
    }
    p->connection.server = server;
    p->connection.is_private = true;
    p->connection.idle_since = clock_ms();
    p->hears = wish->hears;
    p->owner = wish->owner;
    TAILQ_INSERT_TAIL(&server->connections, &p->connection, link);
    return p;
}

/* What has been idle since the probe, or something of our own, has no need of its place. */
static bool take(struct smtp_pool_server *server)
{
    if (upstream_server_take(server->at))
        return true;
    smtp_pool_close_idle(server, INT64_MAX);
    return upstream_server_take(server->at);
}

struct smtp_private *smtp_private_open(struct smtp_pools *all, const struct smtp_private_wish *wish,
                                       uint64_t *tried, const char **reason)
{
    const struct smtp_pool *pool =
        wish->logs_in ? smtp_pools_logins(all, wish->backend) : smtp_pools_pool(all, wish->backend);
    struct smtp_upstream_setup setup;
    struct smtp_pool_server *server;
    struct smtp_private *p;
    *reason = "no server is left to be tried";
    while (pool && (server = smtp_pool_best_for_login(pool, tried))) {
        if (!smtp_pool_setup(server, &wish->client, &setup, reason))
            continue;
        setup.passes_login = wish->logs_in;
        if (take(server) && (p = open_to(server, wish, &setup, reason))) {
            smtp_pools_look_soon(all);
            return p;
        }
    }
    return NULL;
}

void smtp_private_once(struct smtp_pools *all, const struct upstream_client *client,
                       struct smtp_job *job)
{
    const struct smtp_private_wish wish = {.backend = job->backend, .client = *client};
    const char *reason;
    uint64_t tried = 0;
    struct smtp_private *p = smtp_private_open(all, &wish, &tried, &reason);
    if (p)
        smtp_private_submit(p, job);
    else
        smtp_pools_refuse(all, job);
}

void smtp_private_close(struct smtp_private *p)
{
    end(p);
}

/* ---- used ---- */

void smtp_private_say(struct smtp_private *p, struct slice line, bool secret)
{
    smtp_upstream_say_login(p->connection.upstream, line, secret);
}

/* A RSET may be under way, or a NOOP: replies are told apart by their order alone. */
void smtp_private_submit(struct smtp_private *p, struct smtp_job *job)
{
    job->upstream = NULL;
    if (smtp_upstream_will_be_idle(p->connection.upstream))
        p->waiting = job;
    else
        smtp_upstream_start(p->connection.upstream, job);
}

bool smtp_private_cancel(struct smtp_private *p)
{
    bool alone = !p->waiting && smtp_upstream_abandon(p->connection.upstream);
    p->owner = NULL;
    p->waiting = NULL;
    if (!alone)
        smtp_upstream_close(p->connection.upstream);
    return alone;
}

struct smtp_capabilities smtp_private_capabilities(const struct smtp_private *p)
{
    struct smtp_capabilities can = *smtp_upstream_capabilities(p->connection.upstream);
    can.recipients = smtp_pool_recipients_most(p->connection.server, can.recipients);
    return can;
}

struct slice smtp_private_address(const struct smtp_private *p)
{
    return upstream_server_conf(p->connection.server->at)->address;
}
