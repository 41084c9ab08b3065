/* SPDX-License-Identifier: ISC */
#include "proxy/session/session_share.h"

#include "common/client_hash.h"
#include "policy/table.h"

bool session_is_of_backend(const struct config *config, const struct ip *ip)
{
    const struct network own = {*ip, ip->family == 6 ? 128 : 32};
    for (size_t b = 0; b < config->backend_count; b++)
        for (size_t s = 0; s < config->backends[b].server_count; s++)
            if (network_holds(&own, &config->backends[b].servers[s].ip))
                return true;
    return false;
}

/* Behind a private address may stand everybody whom another device has let in. */
static bool is_unshared(const struct config *config, const struct ip *ip)
{
    return session_is_of_backend(config, ip) ||
           (config->unshared ? table_holds_ip(config->unshared, ip) : ip_is_private(ip));
}

struct session_claim session_claim(const struct proxy *proxy, const struct listener *listener,
                                   const struct ip *client)
{
    const struct config *config = proxy->config;
    uint64_t place = client_hash(shared_key(proxy->shared), &listener->ip, listener->port);
    return (struct session_claim){
        .holder = holder_of(proxy->shared, client, is_unshared(config, client)),
        .listener = config->listener_count > 1 ? place : 0,
        .limit = config->settings.limits_sessions,
        .limit_per_client = config->settings.limits_sessions_per_client,
    };
}
