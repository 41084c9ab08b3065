/* SPDX-License-Identifier: ISC
 * All pools: made, looked after, ended. */
#include "proxy/smtp/smtp_pool_internal.h"

#include "base/clock.h"
#include "base/tls_version.h"
#include "proxy/upstream/upstream_tls.h"

#include <stdlib.h>

enum { IDLE_MS = 30000 }; /* an idle connection is closed after this */

/* ---- looked after ---- */

static void on_bury(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    smtp_pools_bury(arg);
}

/* A client may take long over a message, and its server would tire of it. */
static int64_t silence_of(const struct smtp_pools *all)
{
    return all->config->settings.timeouts_backend;
}

/* Idle connections end; a server that is down is tried again, so that mail finds it up or goes
 * elsewhere. True: there is more to look after. */
static bool tend(struct smtp_pool_server *server)
{
    smtp_pool_close_idle(server, clock_ms() - IDLE_MS);
    smtp_pool_keep_private(server, clock_ms() - silence_of(server->pool->all));
    if (upstream_server_may_be_tried(server->at) && !server->pool->all->closing)
        smtp_pool_open(server);
    return upstream_server_needs_care(server->at);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct smtp_pools *all = arg;
    bool again = false;
    all->tick_soon = false;
    for (size_t i = 0; i < all->pool_count; i++) {
        struct smtp_pool *pool = &all->pools[i];
        if (!TAILQ_EMPTY(&pool->waiting))
            smtp_pool_serve_waiting(pool);
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
            smtp_pool_close_idle(&all->pools[i].servers[n], INT64_MAX);
}

/* ---- made ---- */

/* What sessions share is limited for the server's sake; what each has for itself by how many there are. */
static bool make_server(struct smtp_pool *pool, const struct server *conf, unsigned proxies)
{
    const struct smtp_pools *all = pool->all;
    struct smtp_pool_server *server = &pool->servers[pool->server_count];
    bool own = pool->for_logins || backend_is_own(pool->conf);
    unsigned limit = pool->for_logins ? all->config->settings.limits_sessions
                                      : backend_connections(all->config, pool->conf);
    unsigned share = own ? limit : limit / proxies;
    server->at =
        upstream_server_new(pool->conf, conf, all->tls, all->shared, all->row, limit, share);
    if (!server->at)
        return false;
    server->pool = pool;
    TAILQ_INIT(&server->connections);
    pool->server_count++;
    return true;
}

static bool make_pool(struct smtp_pools *all, struct smtp_pool *pool, const struct backend *conf,
                      bool for_logins, unsigned proxies)
{
    *pool = (struct smtp_pool){.all = all, .conf = conf, .for_logins = for_logins};
    TAILQ_INIT(&pool->waiting);
    size_t room = conf->server_count < SERVERS_MAX ? conf->server_count : SERVERS_MAX;
    pool->servers = calloc(room ? room : 1, sizeof *pool->servers);
    bool made = pool->servers;
    for (size_t i = 0; made && i < conf->server_count && pool->server_count < room; i++)
        if (conf->servers[i].protocol == PROTOCOL_SMTP && conf->servers[i].submission == for_logins)
            made = make_server(pool, &conf->servers[i], proxies);
    return made;
}

struct smtp_pools *smtp_pools_new(struct event_base *base, const struct config *config,
                                  struct slice ca_pem, struct shared *shared, unsigned row,
                                  unsigned proxies)
{
    struct smtp_pools *all = calloc(1, sizeof *all);
    if (!all)
        return NULL;
    *all = (struct smtp_pools){
        .base = base, .config = config, .hears = &smtp_pool_hears, .shared = shared, .row = row};
    TAILQ_INIT(&all->graveyard);
    all->tls = upstream_tls_new(ca_pem, tls_version(config->settings.tls_minimum));
    all->tick = event_new(base, -1, 0, on_tick, all);
    all->bury = event_new(base, -1, 0, on_bury, all);
    all->probe_arena = arena_new((size_t)64 * 1024);
    all->pools = calloc(2 * config->backend_count + 1, sizeof *all->pools);
    bool made = all->tls && all->tick && all->bury && all->probe_arena && all->pools;
    for (size_t i = 0; made && i < 2 * config->backend_count; i++, all->pool_count++)
        made =
            make_pool(all, &all->pools[i], &config->backends[i / 2], i % 2, proxies ? proxies : 1);
    if (!made)
        smtp_pools_free(&all);
    return all;
}

/* ---- as whom ---- */

static struct credentials *credentials_for(const struct server *conf, struct slice password)
{
    struct credentials *login = calloc(1, sizeof *login);
    if (login && server_password(&password) && credentials_user(login, conf->login_user) &&
        credentials_password(login, password))
        return login;
    credentials_free(&login);
    return NULL;
}

static bool learn_login(struct smtp_pool_server *server, struct bundle *bundle, const char **reason)
{
    const struct server *conf = upstream_server_conf(server->at);
    struct slice password;
    if (conf->login_user.len == 0)
        return true;
    if (!bundle_read(bundle, conf->login_password_file, &password, reason))
        return false;
    server->login = credentials_for(conf, password);
    *reason = "out of memory for a login";
    return server->login;
}

bool smtp_pools_log_in(struct smtp_pools *all, struct bundle *bundle, const char **reason)
{
    for (size_t i = 0; i < all->pool_count; i++)
        for (size_t n = 0; n < all->pools[i].server_count; n++)
            if (!learn_login(&all->pools[i].servers[n], bundle, reason))
                return false;
    return true;
}

/* ---- ended ---- */

static void end_connections(struct smtp_pool *pool)
{
    struct smtp_connection *connection;
    for (size_t i = 0; i < pool->server_count; i++)
        while ((connection = TAILQ_FIRST(&pool->servers[i].connections)))
            smtp_pool_forget(connection);
}

static void free_pool(struct smtp_pool *pool)
{
    for (size_t i = 0; i < pool->server_count; i++) {
        upstream_server_free(&pool->servers[i].at);
        credentials_free(&pool->servers[i].login);
    }
    free(pool->servers);
}

void smtp_pools_free(struct smtp_pools **backends)
{
    struct smtp_pools *all = *backends;
    if (!all)
        return;
    for (size_t i = 0; all->pools && i < all->pool_count; i++)
        end_connections(&all->pools[i]);
    smtp_pools_bury(all);
    for (size_t i = 0; all->pools && i < all->pool_count; i++)
        free_pool(&all->pools[i]);
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
