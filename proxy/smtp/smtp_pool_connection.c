/* SPDX-License-Identifier: ISC
 * Connections of a pool: how they begin and end. */
#include "proxy/smtp/smtp_pool_internal.h"

#include "base/clock.h"

#include <stdlib.h>

enum {
    TICK_MS = 50
}; /* while jobs wait: deadlines, and connections that other proxies gave back */

void smtp_pools_look_soon(struct smtp_pools *all)
{
    struct timeval soon = {0, TICK_MS * 1000L};
    if (!all->tick_soon)
        event_add(all->tick, &soon);
    all->tick_soon = true;
}

bool smtp_pool_setup(const struct smtp_pool_server *server, const struct upstream_client *client,
                     struct smtp_upstream_setup *out, const char **reason)
{
    const struct smtp_pools *all = server->pool->all;
    *out = (struct smtp_upstream_setup){
        .base = all->base,
        .server = server->at,
        .hostname = all->config->hostname,
        .login = server->login,
        .shared = all->shared,
        .row = all->row,
        .connect_ms = all->config->settings.timeouts_connect,
        .reply_ms = all->config->settings.timeouts_backend,
    };
    return upstream_way(server->pool->conf, upstream_server_conf(server->at), client, &out->way,
                        reason);
}

static void cannot_open(struct smtp_pool_server *server, const char *reason)
{
    upstream_server_failed(server->at, reason);
    upstream_server_give(server->at);
    smtp_pools_look_soon(server->pool->all);
}

bool smtp_pool_open(struct smtp_pool_server *server)
{
    struct smtp_upstream_setup setup;
    const char *reason;
    if (!smtp_pool_setup(server, NULL, &setup, &reason) || !upstream_server_take(server->at))
        return false;
    struct smtp_connection *connection = calloc(1, sizeof *connection);
    reason = "out of memory";
    if (connection)
        connection->upstream =
            smtp_upstream_new(&setup, server->pool->all->hears, connection, &reason);
    if (!connection || !connection->upstream) {
        cannot_open(server, reason);
        free(connection);
        return false;
    }
    connection->server = server;
    TAILQ_INSERT_TAIL(&server->connections, connection, link);
    return true;
}

/* Of this proxy's connections as well, or one whose all are taken would have to wait for others. */
static bool is_within_share(const struct smtp_pool_server *server, const struct holder *holder)
{
    const struct smtp_connection *connection;
    unsigned busy = 1, its = 1, share = upstream_server_share(server->at);
    TAILQ_FOREACH(connection, &server->connections, link) {
        busy += connection->works;
        its += connection->works && connection->holder.network == holder->network;
    }
    return holder->network == 0 || share_is_fair(busy, share, its);
}

bool smtp_pool_employ(struct smtp_connection *connection, const struct holder *holder)
{
    const struct smtp_pool_server *server = connection->server;
    const struct smtp_pools *all = server->pool->all;
    connection->holder = *holder;
    connection->works =
        is_within_share(server, holder) &&
        shared_worker_take(all->shared, all->row, holder, upstream_server_number(server->at),
                           server->pool->conf->connections);
    return connection->works;
}

void smtp_pool_dismiss(struct smtp_connection *connection)
{
    const struct smtp_pool_server *server = connection->server;
    const struct smtp_pools *all = server->pool->all;
    if (connection->works)
        shared_worker_give(all->shared, all->row, &connection->holder,
                           upstream_server_number(server->at));
    connection->works = false;
}

void smtp_pool_forget(struct smtp_connection *connection)
{
    struct smtp_pool_server *server = connection->server;
    struct smtp_pools *all = server->pool->all;
    smtp_pool_dismiss(connection);
    TAILQ_REMOVE(&server->connections, connection, link);
    upstream_server_give(server->at);
    TAILQ_INSERT_TAIL(&all->graveyard, connection, link);
    event_active(all->bury, EV_TIMEOUT, 1);
}

void smtp_pools_bury(struct smtp_pools *all)
{
    struct smtp_connection *connection;
    while ((connection = TAILQ_FIRST(&all->graveyard))) {
        TAILQ_REMOVE(&all->graveyard, connection, link);
        smtp_upstream_free(&connection->upstream);
        free(connection);
    }
}

void smtp_pool_close_idle(struct smtp_pool_server *server, int64_t since)
{
    struct smtp_connection *connection, *next;
    for (connection = TAILQ_FIRST(&server->connections); connection; connection = next) {
        next = TAILQ_NEXT(connection, link);
        if (connection->idle && connection->idle_since <= since) {
            smtp_upstream_quit(connection->upstream);
            smtp_upstream_close(connection->upstream);
        }
    }
}

void smtp_pool_keep_private(struct smtp_pool_server *server, int64_t since)
{
    struct smtp_connection *connection, *next;
    for (connection = TAILQ_FIRST(&server->connections); connection; connection = next) {
        next = TAILQ_NEXT(connection, link);
        if (connection->is_private && connection->idle_since <= since) {
            connection->idle_since = clock_ms();
            smtp_upstream_keep(connection->upstream);
        }
    }
}
