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

bool redis_needed(const struct config *config)
{
    return policy_asks(config->policy, ASKS_REDIS);
}

bool redis_address(struct slice text, struct ip *ip, uint16_t *port)
{
    uint64_t number = STANDARD_PORT;
    struct slice host = text, after = {NULL, 0};
    if (text.len > 0 && text.ptr[0] == '[') {
        size_t end = slice_find(text, ']');
        host = slice_sub(text, 1, end);
        after = slice_from(text, end + 1);
        if (end == text.len || slice_find(host, ':') == host.len)
            return false;
    } else if (slice_find(text, ':') == slice_rfind(text, ':')) {
        host = slice_sub(text, 0, slice_find(text, ':'));
        after = slice_from(text, host.len);
    }
    if (after.len > 0 &&
        (after.ptr[0] != ':' || !slice_to_u64(slice_from(after, 1), UINT16_MAX, &number)))
        return false;
    *port = (uint16_t)number;
    return number > 0 && ip_parse(host, ip);
}
