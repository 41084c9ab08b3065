/* SPDX-License-Identifier: ISC */
#include "parent/parent_listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

static socklen_t address_of(const struct ip *ip, uint16_t port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (ip->family == 6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        memcpy(&v6->sin6_addr, ip->bytes, sizeof v6->sin6_addr);
        return sizeof *v6;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    memcpy(&v4->sin_addr, ip->bytes, sizeof v4->sin_addr);
    return sizeof *v4;
}

static bool set(int fd, int level, int option)
{
    return setsockopt(fd, level, option, &(int){1}, sizeof(int)) == 0;
}

int sockets_bind(const struct ip *ip, uint16_t port, bool shared)
{
    struct sockaddr_storage address;
    socklen_t size = address_of(ip, port, &address);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    bool ok = set(fd, SOL_SOCKET, SO_REUSEADDR) && set(fd, IPPROTO_TCP, TCP_NODELAY);
    if (shared)
        ok = ok && set(fd, SOL_SOCKET, SO_REUSEPORT);
    if (ip->family == 6)
        ok = ok && set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (ok && bind(fd, (const struct sockaddr *)&address, size) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* With SO_REUSEPORT a second gatepost would silently get half of the connections: look first. */
static bool is_free(const struct ip *ip, uint16_t port)
{
    int probe = sockets_bind(ip, port, false);
    if (probe >= 0)
        close(probe);
    return probe >= 0;
}

static bool same_address(const struct listen_socket *socket, const struct ip *ip, uint16_t port)
{
    return socket->port == port && socket->ip.family == ip->family &&
           memcmp(socket->ip.bytes, ip->bytes, ip->family == 6 ? 16 : 4) == 0;
}

static bool has(const struct sockets *sockets, const struct listener *listener, int slot)
{
    for (size_t i = 0; i < sockets->count; i++)
        if (same_address(&sockets->all[i], &listener->ip, listener->port) &&
            (slot < 0 || sockets->all[i].slot == (unsigned)slot))
            return true;
    return false;
}

static bool open_one(struct sockets *sockets, const struct listener *listener, unsigned slot)
{
    struct listen_socket *all = realloc(sockets->all, (sockets->count + 1) * sizeof *sockets->all);
    if (!all)
        return false;
    sockets->all = all;
    int fd = sockets_bind(&listener->ip, listener->port, true);
    if (fd < 0)
        return false;
    if (listen(fd, BACKLOG) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return false;
    }
    all[sockets->count++] = (struct listen_socket){listener->ip, listener->port, slot, fd};
    return true;
}

static bool open_listener(struct sockets *sockets, const struct listener *listener, unsigned slots)
{
    if (!has(sockets, listener, -1) && !is_free(&listener->ip, listener->port))
        return false;
    for (unsigned slot = 0; slot < slots; slot++)
        if (!has(sockets, listener, (int)slot) && !open_one(sockets, listener, slot))
            return false;
    return true;
}

static void close_from(struct sockets *sockets, size_t first)
{
    while (sockets->count > first)
        close(sockets->all[--sockets->count].fd);
}

/* The index of the first listener with the address of another before it; listener_count: none. */
static size_t first_twin(const struct config *config)
{
    for (size_t i = 1; i < config->listener_count; i++) {
        const struct listener *one = &config->listeners[i];
        struct listen_socket socket = {.ip = one->ip, .port = one->port};
        for (size_t k = 0; k < i; k++)
            if (same_address(&socket, &config->listeners[k].ip, config->listeners[k].port))
                return i;
    }
    return config->listener_count;
}

bool sockets_open(struct sockets *sockets, const struct config *config, unsigned slots,
                  struct buf *report)
{
    size_t before = sockets->count, twin = first_twin(config);
    if (twin < config->listener_count) {
        buf_printf(report, "error: two listeners on %.*s\n",
                   SLICE_ARGS(config->listeners[twin].address));
        return false;
    }
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listener *listener = &config->listeners[i];
        if (open_listener(sockets, listener, slots))
            continue;
        buf_printf(report, "error: cannot listen on %.*s: %s\n", SLICE_ARGS(listener->address),
                   strerror(errno));
        close_from(sockets, before);
        return false;
    }
    return true;
}

static bool names(const struct config *config, const struct listen_socket *socket)
{
    for (size_t i = 0; config && i < config->listener_count; i++)
        if (same_address(socket, &config->listeners[i].ip, config->listeners[i].port))
            return true;
    return false;
}

void sockets_prune(struct sockets *sockets, const struct config *config)
{
    size_t kept = 0;
    for (size_t i = 0; i < sockets->count; i++) {
        if (names(config, &sockets->all[i]))
            sockets->all[kept++] = sockets->all[i];
        else
            close(sockets->all[i].fd);
    }
    sockets->count = kept;
    if (kept == 0) {
        free(sockets->all);
        sockets->all = NULL;
    }
}

int sockets_next(const struct sockets *sockets, const struct listener *listener, unsigned slot,
                 unsigned slots, size_t *at)
{
    while (*at < sockets->count) {
        const struct listen_socket *socket = &sockets->all[(*at)++];
        if (same_address(socket, &listener->ip, listener->port) && socket->slot % slots == slot)
            return socket->fd;
    }
    return -1;
}
