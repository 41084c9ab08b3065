/* SPDX-License-Identifier: ISC */
#include "parent/parent_listen.h"

#include "base/clock.h"
#include "base/listening_end.h"
#include "parent/parent_deposit.h"
#include "policy/place.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

socklen_t sockets_address(const struct ip *ip, uint16_t port, struct sockaddr_storage *out)
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
    socklen_t size = sockets_address(ip, port, &address);
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

bool sockets_same_address(const struct listen_socket *socket, const struct ip *ip, uint16_t port)
{
    return socket->port == port && socket->ip.family == ip->family &&
           memcmp(socket->ip.bytes, ip->bytes, ip->family == 6 ? 16 : 4) == 0;
}

/* What a listener binds: its address, and 0.0.0.0 as well where "::" takes IPv4. Two sockets, not one
 * for both: a reload that gives 0.0.0.0 a listener of its own, or takes it away, loses no queue. */
enum { BOUND_MOST = 2 };

/* libmilter opens the sockets that it serves (parent_milter.h). */
static bool is_served_elsewhere(const struct listener *listener)
{
    return listener->protocol == PROTOCOL_MILTER;
}

static size_t bound_by(const struct listener *listener, struct ip out[static BOUND_MOST])
{
    out[0] = listener->ip;
    out[1] = (struct ip){.family = 4};
    return listener->takes_ipv4 ? 2 : 1;
}

static bool binds(const struct listener *listener, const struct listen_socket *socket)
{
    struct ip ips[BOUND_MOST];
    bool found = false;
    if (is_served_elsewhere(listener))
        return false;
    for (size_t i = bound_by(listener, ips); i-- > 0;)
        found |= sockets_same_address(socket, &ips[i], listener->port);
    return found;
}

static bool has(const struct sockets *sockets, const struct ip *ip, uint16_t port, unsigned slot)
{
    for (size_t i = 0; i < sockets->count; i++)
        if (sockets_same_address(&sockets->all[i], ip, port) && sockets->all[i].slot == slot)
            return true;
    return false;
}

bool sockets_add(struct sockets *sockets, const struct listen_socket *socket)
{
    struct listen_socket *all = realloc(sockets->all, (sockets->count + 1) * sizeof *sockets->all);
    if (!all)
        return false;
    sockets->all = all;
    all[sockets->count++] = *socket;
    return true;
}

static bool open_one(struct sockets *sockets, const struct ip *ip, uint16_t port, unsigned slot)
{
    int fd = sockets_bind(ip, port, true);
    struct listen_socket opened = {.ip = *ip, .port = port, .slot = slot, .fd = fd};
    if (fd < 0)
        return false;
    if (listen(fd, BACKLOG) == 0 && sockets_add(sockets, &opened))
        return true;
    int error = errno;
    close(fd);
    errno = error;
    return false;
}

static bool is_any(const struct ip *ip)
{
    static const uint8_t none[sizeof ip->bytes];
    return memcmp(ip->bytes, none, sizeof none) == 0;
}

/* It is the same, or one of them is all addresses of its kind. */
static bool overlaps(const struct listen_socket *socket, const struct ip *ip, uint16_t port)
{
    return socket->port == port && socket->ip.family == ip->family &&
           (is_any(ip) || is_any(&socket->ip) || sockets_same_address(socket, ip, port));
}

/* One of ours has it: what a reload narrows or widens stands beside what was until that is pruned, and
 * what was given up until nobody is on his way there any more. */
static bool is_ours(const struct sockets *sockets, const struct ip *ip, uint16_t port)
{
    int64_t now = clock_ms();
    for (size_t i = 0; i < sockets->count; i++)
        if (overlaps(&sockets->all[i], ip, port))
            return true;
    for (size_t i = 0; i < ENDING_MOST; i++) {
        const struct ending_address *ending = &sockets->ending[i];
        const struct listen_socket socket = {.ip = ending->ip, .port = ending->port};
        if (ending->until > now && overlaps(&socket, ip, port))
            return true;
    }
    return false;
}

static bool open_address(struct sockets *sockets, const struct ip *ip, uint16_t port,
                         unsigned slots)
{
    if (!is_ours(sockets, ip, port) && !is_free(ip, port))
        return false;
    for (unsigned slot = 0; slot < slots; slot++)
        if (!has(sockets, ip, port, slot) && !open_one(sockets, ip, port, slot))
            return false;
    return true;
}

static bool open_listener(struct sockets *sockets, const struct config *config,
                          const struct listener *listener, unsigned slots, struct buf *report)
{
    struct ip ips[BOUND_MOST];
    size_t count = is_served_elsewhere(listener) ? 0 : bound_by(listener, ips);
    for (size_t i = 0; i < count; i++) {
        if (open_address(sockets, &ips[i], listener->port, slots))
            continue;
        place_error(config, report, listener->at, "cannot listen on %.*s%s: %s",
                    SLICE_ARGS(listener->address),
                    i > 0 ? " for IPv4 as well (ipv6_only leaves that out)" : "", strerror(errno));
        return false;
    }
    return true;
}

/* ---- clients that are led here on their way elsewhere (TPROXY) ---- */

static bool is_transparent(const struct config *config, const struct listen_socket *socket)
{
    bool transparent = false;
    for (size_t i = 0; i < config->listener_count; i++)
        transparent |= config->listeners[i].transparent && binds(&config->listeners[i], socket);
    return transparent;
}

/* Those that are accepted inherit it; gatepost-source knows them by their SYN (transparent/client_socket.h). */
static bool set_transparent(const struct listen_socket *socket, int on)
{
    bool v4 = socket->ip.family == 4;
    return setsockopt(socket->fd, v4 ? IPPROTO_IP : IPPROTO_IPV6,
                      v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT, &on, sizeof on) == 0 &&
           setsockopt(socket->fd, IPPROTO_TCP, TCP_SAVE_SYN, &on, sizeof on) == 0;
}

static bool open_transparency(const struct sockets *sockets, const struct config *config,
                              struct buf *report)
{
    for (size_t n = 0; n < config->listener_count; n++) {
        const struct listener *listener = &config->listeners[n];
        for (size_t i = 0; listener->transparent && i < sockets->count; i++) {
            if (!binds(listener, &sockets->all[i]) || set_transparent(&sockets->all[i], 1))
                continue;
            place_error(config, report, listener->at,
                        "cannot be transparent: %s (that needs CAP_NET_ADMIN or CAP_NET_RAW)",
                        strerror(errno));
            return false;
        }
    }
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
            if (one->path.len == 0 && config->listeners[k].path.len == 0 &&
                sockets_same_address(&socket, &config->listeners[k].ip, config->listeners[k].port))
                return i;
    }
    return config->listener_count;
}

bool sockets_open(struct sockets *sockets, const struct config *config, unsigned slots,
                  struct buf *report)
{
    size_t before = sockets->count, twin = first_twin(config);
    if (twin < config->listener_count) {
        place_error(config, report, config->listeners[twin].at, "two listeners on %.*s",
                    SLICE_ARGS(config->listeners[twin].address));
        return false;
    }
    for (size_t i = 0; i < config->listener_count; i++) {
        if (open_listener(sockets, config, &config->listeners[i], slots, report))
            continue;
        close_from(sockets, before);
        return false;
    }
    if (open_transparency(sockets, config, report))
        return true;
    close_from(sockets, before);
    return false;
}

static bool names(const struct config *config, const struct listen_socket *socket)
{
    for (size_t i = 0; config && i < config->listener_count; i++)
        if (binds(&config->listeners[i], socket))
            return true;
    return false;
}

static struct ending_address *ending_of(struct sockets *sockets, const struct listen_socket *socket)
{
    for (size_t i = 0; i < ENDING_MOST; i++)
        if (sockets_same_address(socket, &sockets->ending[i].ip, sockets->ending[i].port))
            return &sockets->ending[i];
    return &sockets->ending[sockets->ended++ % ENDING_MOST];
}

static void give_up(struct sockets *sockets, const struct listen_socket *socket)
{
    deposit_forget(socket);
    listening_end_begin(socket->fd);
    *ending_of(sockets, socket) = (struct ending_address){
        socket->ip, socket->port, clock_ms() + 2 * (int64_t)LISTENING_END_MS};
}

void sockets_prune(struct sockets *sockets, const struct config *config)
{
    size_t kept = 0;
    for (size_t i = 0; i < sockets->count; i++) {
        if (names(config, &sockets->all[i])) {
            if (!is_transparent(config, &sockets->all[i]))
                set_transparent(&sockets->all[i], 0);
            sockets->all[kept++] = sockets->all[i];
            continue;
        }
        if (config)
            give_up(sockets, &sockets->all[i]);
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
        if (binds(listener, socket) && socket->slot % slots == slot)
            return socket->fd;
    }
    return -1;
}
