/* SPDX-License-Identifier: ISC */
#include "proxy/upstream/mailbox_servers.h"

#include "proxy/upstream/upstream_tls.h"

#include <stdlib.h>

enum { TRIED_MOST = 64 };

struct mailbox_server {
    const struct backend *backend;
    struct upstream_server *at;
};

struct mailbox_servers {
    SSL_CTX *tls;
    size_t count;
    struct mailbox_server servers[];
};

static bool reads(const struct server *server)
{
    return server->protocol != PROTOCOL_SMTP;
}

static size_t count_of(const struct config *config)
{
    size_t count = 0;
    for (size_t b = 0; b < config->backend_count; b++)
        for (size_t s = 0; s < config->backends[b].server_count; s++)
            count += reads(&config->backends[b].servers[s]);
    return count;
}

/* False: no memory. */
static bool add(struct mailbox_servers *all, const struct config *config,
                const struct backend *backend, const struct server *conf, struct shared *shared,
                unsigned row)
{
    unsigned limit = config->settings.limits_sessions;
    struct upstream_server *at =
        upstream_server_new(backend, conf, all->tls, shared, row, limit, limit);
    if (at)
        all->servers[all->count++] = (struct mailbox_server){backend, at};
    return at != NULL;
}

struct mailbox_servers *mailbox_servers_new(const struct config *config, struct slice ca_pem,
                                            struct shared *shared, unsigned row)
{
    struct mailbox_servers *all = calloc(1, sizeof *all + count_of(config) * sizeof *all->servers);
    bool made = all && (all->tls = upstream_tls_new(ca_pem, TLS1_2_VERSION));
    for (size_t b = 0; made && b < config->backend_count; b++) {
        const struct backend *backend = &config->backends[b];
        for (size_t s = 0; made && s < backend->server_count; s++)
            if (reads(&backend->servers[s]))
                made = add(all, config, backend, &backend->servers[s], shared, row);
    }
    if (!made) {
        free(all); /* a proxy without memory does not start: the rest is not worth the words */
        return NULL;
    }
    return all;
}

static unsigned priority(const struct mailbox_server *server)
{
    return upstream_server_conf(server->at)->priority;
}

static bool better(const struct mailbox_server *a, const struct mailbox_server *b)
{
    if (!b)
        return true;
    bool down = upstream_server_is_down(a->at), other = upstream_server_is_down(b->at);
    if (down != other)
        return other;
    if (priority(a) != priority(b))
        return priority(a) < priority(b);
    return upstream_server_in_use(a->at) < upstream_server_in_use(b->at);
}

/* The best that was not tried, and is tried now; NULL: none. */
static struct mailbox_server *next_best(struct mailbox_servers *all, const struct backend *backend,
                                        enum protocol protocol, uint64_t *tried)
{
    struct mailbox_server *best = NULL;
    unsigned place = 0, chosen = 0;
    for (size_t i = 0; i < all->count; i++) {
        struct mailbox_server *server = &all->servers[i];
        if (server->backend != backend || upstream_server_conf(server->at)->protocol != protocol)
            continue;
        bool may = place < TRIED_MOST && !(*tried & (uint64_t)1 << place);
        if (may && better(server, best)) {
            best = server;
            chosen = place;
        }
        place++;
    }
    if (best)
        *tried |= (uint64_t)1 << chosen;
    return best;
}

struct upstream_server *mailbox_server_take(struct mailbox_servers *all,
                                            const struct backend *backend, enum protocol protocol,
                                            uint64_t *tried)
{
    struct mailbox_server *best;
    while ((best = next_best(all, backend, protocol, tried)))
        if (upstream_server_take(best->at))
            return best->at;
    return NULL;
}
