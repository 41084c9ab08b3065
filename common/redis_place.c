/* SPDX-License-Identifier: ISC */
#include "common/redis_place.h"

enum { STANDARD_PORT = 6379 };

enum redis_place redis_place(const struct settings *settings)
{
    if (settings->redis_server.len > 0)
        return REDIS_AT_ADDRESS;
    if (settings->redis_master.len > 0)
        return REDIS_AT_MASTER;
    return settings->redis_socket.len > 0 ? REDIS_AT_SOCKET : REDIS_PRIVATE;
}

bool redis_shares(const struct settings *settings)
{
    return settings->learn_enabled && redis_place(settings) != REDIS_PRIVATE;
}

bool redis_needed(const struct config *config)
{
    return policy_asks(config->policy, ASKS_REDIS) || policy_notifies(config->policy) ||
           redis_shares(&config->settings);
}

static bool mail_leaves(const struct config *config)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].direction == DIRECTION_OUTBOUND)
            return true;
    return false;
}

bool redis_holds_answered(const struct config *config)
{
    return mail_leaves(config) || redis_place(&config->settings) != REDIS_PRIVATE;
}

bool redis_remembers_pairs(const struct config *config)
{
    return policy_wants(config->policy, PRODUCER_ANSWERED) ||
           policy_wants(config->policy, PRODUCER_ANSWERED_AUTHOR);
}

bool redis_secret_needed(const struct config *config)
{
    bool opinions = policy_wants(config->policy, PRODUCER_CAMPAIGN) ||
                    policy_wants(config->policy, PRODUCER_REPORTED);
    bool answered = redis_remembers_pairs(config) || policy_wants(config->policy, PRODUCER_REPLY);
    return policy_wants(config->policy, PRODUCER_CONTACT) ||
           (answered && redis_holds_answered(config)) ||
           policy_wants(config->policy, PRODUCER_ACCOUNT) || policy_notifies(config->policy) ||
           (opinions && config->settings.learn_enabled);
}

bool redis_address(struct slice text, struct ip *ip, uint16_t *port)
{
    return endpoint_parse(text, STANDARD_PORT, ip, port);
}
