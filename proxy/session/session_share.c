/* SPDX-License-Identifier: ISC */
#include "proxy/session/session_share.h"

#include "common/client_hash.h"
#include "policy/table.h"

/* RFC 1918, 1122 (loopback), 3927, 4193, 4291: behind such an address may stand everybody whom
 * another device has let in. */
static const struct network private_networks[] = {
    {{4, {10}}, 8},        {{4, {172, 16}}, 12}, {{4, {192, 168}}, 16},   {{4, {127}}, 8},
    {{4, {169, 254}}, 16}, {{6, {0xfc}}, 7},     {{6, {0xfe, 0x80}}, 10}, {{6, {[15] = 1}}, 128},
};

static bool is_private(const struct ip *ip)
{
    for (size_t i = 0; i < sizeof private_networks / sizeof *private_networks; i++)
        if (network_holds(&private_networks[i], ip))
            return true;
    return false;
}

static bool is_backend(const struct config *config, const struct ip *ip)
{
    const struct network own = {*ip, ip->family == 6 ? 128 : 32};
    for (size_t b = 0; b < config->backend_count; b++)
        for (size_t s = 0; s < config->backends[b].server_count; s++)
            if (network_holds(&own, &config->backends[b].servers[s].ip))
                return true;
    return false;
}

static bool is_unshared(const struct config *config, const struct ip *ip)
{
    return is_backend(config, ip) ||
           (config->unshared ? table_holds_ip(config->unshared, ip) : is_private(ip));
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
