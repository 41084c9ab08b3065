/* SPDX-License-Identifier: ISC */
#include "proxy/examine/spool_room.h"

bool spool_room_take(const struct proxy *proxy, const struct holder *holder, uint64_t octets)
{
    const struct settings *settings = &proxy->config->settings;
    uint64_t message = settings->limits_message_size > settings->limits_fetched_size
                           ? settings->limits_message_size
                           : settings->limits_fetched_size;
    const struct spool_limit limit = {.limit = settings->limits_spool, .least = message};
    return shared_spool_take(proxy->shared, proxy->row, holder, octets, &limit);
}

void spool_room_give(const struct proxy *proxy, const struct holder *holder, uint64_t octets)
{
    shared_spool_give(proxy->shared, proxy->row, holder, octets);
}
