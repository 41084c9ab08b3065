/* SPDX-License-Identifier: ISC */
#include "proxy/upstream/upstream_connect.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static socklen_t socket_address(const struct ip *ip, uint16_t port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (ip->family == 4) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)out;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        memcpy(&v4->sin_addr, ip->bytes, 4);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    memcpy(&v6->sin6_addr, ip->bytes, 16);
    return sizeof *v6;
}

struct stream *upstream_connect(struct event_base *base, const struct server *server,
                                const struct ip *source, size_t input_max, size_t output_max,
                                const struct stream_owner *callbacks, void *owner,
                                const char **reason)
{
    struct sockaddr_storage peer, local;
    socklen_t peer_len = socket_address(&server->ip, server->port, &peer), local_len = 0;
    if (source)
        local_len = socket_address(source, 0, &local);
    return stream_connect(base, (struct sockaddr *)&peer, peer_len,
                          local_len ? (struct sockaddr *)&local : NULL, local_len, input_max,
                          output_max, callbacks, owner, reason);
}
