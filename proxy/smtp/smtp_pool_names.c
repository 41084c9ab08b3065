/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_pool_internal.h"

enum { NAMES = 3 /* of one server, at most */ };

/* What is on the right of addresses is known to everybody. */
static bool is_domain_of_ours(const struct config *config, struct slice name)
{
    for (size_t i = 0; i < config->domain_count; i++)
        if (slice_ieq(config->domains[i].name.text, name))
            return true;
    return slice_ieq(config->hostname, name);
}

struct smtp_inside smtp_pools_inside(const struct smtp_pools *all, const struct backend *backend,
                                     struct arena *arena)
{
    const struct smtp_pool *pool = smtp_pools_pool(all, backend);
    struct slice *names = arena_array(arena, NAMES * pool->server_count, sizeof *names);
    struct ip *addresses = arena_array(arena, pool->server_count, sizeof *addresses);
    struct smtp_inside inside = {.names = names, .addresses = addresses};
    for (size_t i = 0; names && addresses && i < pool->server_count; i++) {
        const struct smtp_pool_server *server = &pool->servers[i];
        const struct server *conf = upstream_server_conf(server->at);
        const struct slice called[NAMES] = {slice_of(server->names.greeting),
                                            slice_of(server->names.ehlo), conf->tls_name};
        addresses[inside.address_count++] = conf->ip;
        for (size_t n = 0; n < NAMES; n++)
            if (called[n].len && !is_domain_of_ours(all->config, called[n]))
                names[inside.name_count++] = called[n];
    }
    return inside;
}
