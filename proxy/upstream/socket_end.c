/* SPDX-License-Identifier: ISC */
#include "proxy/upstream/socket_end.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

void socket_end(const struct sockaddr_storage *end, struct ip *ip, uint16_t *port)
{
    *ip = (struct ip){.family = 4};
    if (end->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)end;
        memcpy(ip->bytes, &v4->sin_addr, 4);
        *port = ntohs(v4->sin_port);
        return;
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)end;
    *port = ntohs(v6->sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        memcpy(ip->bytes, v6->sin6_addr.s6_addr + 12, 4);
        return;
    }
    ip->family = 6;
    memcpy(ip->bytes, &v6->sin6_addr, 16);
}

bool socket_own_end(int fd, struct ip *ip, uint16_t *port)
{
    struct sockaddr_storage end;
    socklen_t len = sizeof end;
    memset(&end, 0, sizeof end);
    if (getsockname(fd, (struct sockaddr *)&end, &len) != 0)
        return false;
    socket_end(&end, ip, port);
    return true;
}
