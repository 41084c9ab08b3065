/* SPDX-License-Identifier: ISC */
#include "transparent/client_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PORTS_TRIED = 16,
    PORT_LEAST = 1024, /* of those that are chosen: none that means something */
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool is_inet(const union address *address)
{
    return address->any.sa_family == AF_INET || address->any.sa_family == AF_INET6;
}

static int level_of(const union address *address)
{
    return address->any.sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
}

static int option_of(const union address *address)
{
    return address->any.sa_family == AF_INET ? IP_TRANSPARENT : IPV6_TRANSPARENT;
}

static bool is_transparent(int connection, const union address *peer)
{
    int on = 0;
    socklen_t len = sizeof on;
    return getsockopt(connection, level_of(peer), option_of(peer), &on, &len) == 0 && on;
}

/* The kernel keeps the SYN of those alone that others have made, where their listener asked for it. Nothing is
 * read into no room: it stays there, and its length is told. */
static bool was_made_by_the_peer(int connection)
{
    char nothing;
    socklen_t len = 0;
    return getsockopt(connection, IPPROTO_TCP, TCP_SAVED_SYN, &nothing, &len) == -1 &&
           errno == EINVAL && len > 0;
}

/* With TCP Fast Open, which a listener's holder can turn on where the system has it, who sends data is accepted
 * before he has shown that what is sent to his address reaches him. */
static bool has_answered(int connection)
{
    struct tcp_info info = {.tcpi_state = TCP_SYN_RECV};
    socklen_t len = sizeof info;
    return getsockopt(connection, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
           info.tcpi_state != TCP_SYN_RECV;
}

static bool find_peer(int connection, union address *peer, const char **reason)
{
    socklen_t len = sizeof *peer;
    *reason = "this is no connection of a client";
    if (getpeername(connection, &peer->any, &len) != 0 || !is_inet(peer))
        return false;
    *reason = "it did not come to a transparent listener";
    if (!is_transparent(connection, peer) || !was_made_by_the_peer(connection))
        return false;
    *reason = "nobody knows yet whether its address is his";
    return has_answered(connection);
}

static in_port_t *port_of(union address *address)
{
    return address->any.sa_family == AF_INET ? &address->v4.sin_port : &address->v6.sin6_port;
}

static bool bind_to(int fd, const union address *address)
{
    socklen_t len = address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6;
    return bind(fd, &address->any, len) == 0;
}

/* By name, and not "any", which the kernel would let go of when the socket is connected anew: with the address. */
static bool bind_to_any_port(int fd, union address *address)
{
    uint16_t number = 0;
    for (int i = 0; i < PORTS_TRIED; i++) {
        if (getrandom(&number, sizeof number, 0) != sizeof number)
            return false;
        *port_of(address) = htons((uint16_t)(PORT_LEAST + number % (65536 - PORT_LEAST)));
        if (bind_to(fd, address))
            return true;
        if (errno != EADDRINUSE)
            return false;
    }
    return false;
}

static bool prepare(int fd, union address *peer, bool any_port)
{
    const int on = 1;
    return setsockopt(fd, level_of(peer), option_of(peer), &on, sizeof on) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           ((!any_port && bind_to(fd, peer)) || bind_to_any_port(fd, peer));
}

int client_socket(int connection, bool any_port, const char **reason)
{
    union address peer = {.any = {.sa_family = AF_UNSPEC}};
    if (!find_peer(connection, &peer, reason))
        return -1;
    int fd = socket(peer.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && prepare(fd, &peer, any_port))
        return fd;
    *reason = strerror(errno);
    if (fd >= 0)
        close(fd);
    return -1;
}
