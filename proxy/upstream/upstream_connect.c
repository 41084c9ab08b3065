/* SPDX-License-Identifier: ISC */
#include "proxy/upstream/upstream_connect.h"

#include "proxy/upstream/client_source.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

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

/* Whom the kernel would speak to from that very address is us: mail, or a login, would go in circles. */
static bool leads_here(const struct sockaddr_storage *peer, socklen_t len)
{
    struct sockaddr_storage own = *peer;
    socklen_t own_len = sizeof own;
    int fd = socket(peer->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool known = fd >= 0 && connect(fd, (const struct sockaddr *)peer, len) == 0 &&
                 getsockname(fd, (struct sockaddr *)&own, &own_len) == 0;
    if (fd >= 0)
        close(fd);
    if (!known) /* then it is out of reach as well, or memory is out */
        return false;
    return peer->ss_family == AF_INET
               ? memcmp(&((struct sockaddr_in *)&own)->sin_addr,
                        &((const struct sockaddr_in *)peer)->sin_addr, sizeof(struct in_addr)) == 0
               : memcmp(&((struct sockaddr_in6 *)&own)->sin6_addr,
                        &((const struct sockaddr_in6 *)peer)->sin6_addr,
                        sizeof(struct in6_addr)) == 0;
}

bool upstream_is_here(const struct ip *ip)
{
    enum { ANY_PORT = 9 };
    struct sockaddr_storage peer;
    socklen_t len = socket_address(ip, ANY_PORT, &peer);
    return leads_here(&peer, len);
}

struct stream *upstream_connect(struct event_base *base, const struct upstream_way *way,
                                size_t input_max, size_t output_max,
                                const struct stream_owner *callbacks, void *owner,
                                const char **reason)
{
    struct sockaddr_storage peer, local;
    socklen_t peer_len = socket_address(&way->ip, way->port, &peer), local_len = 0;
    *reason = "the client wanted to reach the gateway itself";
    if (way->original && upstream_is_here(&way->ip))
        return NULL;
    if (way->connection >= 0) {
        struct stream *s = stream_await(base, input_max, output_max, callbacks, owner);
        *reason = "out of memory";
        if (s &&
            !client_source_begin(base, way->queue, way->connection, s, &peer, peer_len, reason))
            stream_free(&s);
        return s;
    }
    if (way->source)
        local_len = socket_address(way->source, 0, &local);
    return stream_connect(base, (struct sockaddr *)&peer, peer_len,
                          local_len ? (struct sockaddr *)&local : NULL, local_len, input_max,
                          output_max, callbacks, owner, reason);
}
