/* SPDX-License-Identifier: ISC */
#include "parent/parent_deposit.h"

#include "base/listening_end.h"
#include "parent/parent_notify.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_FD = 3, TAKEN_MOST = 4096, NAME_ROOM = 64 };

/* "4.c0000219.25.0": no colons, as systemd has it. */
static const char *name_of(const struct listen_socket *socket, char out[static NAME_ROOM])
{
    size_t octets = socket->ip.family == 6 ? 16 : 4;
    int n = snprintf(out, NAME_ROOM, "%u.", (unsigned)socket->ip.family);
    for (size_t i = 0; i < octets; i++)
        n += snprintf(out + n, NAME_ROOM - (size_t)n, "%02x", (unsigned)socket->ip.bytes[i]);
    snprintf(out + n, NAME_ROOM - (size_t)n, ".%u.%u", (unsigned)socket->port, socket->slot);
    return out;
}

void deposit_sockets(struct sockets *sockets)
{
    char name[NAME_ROOM];
    for (size_t i = 0; i < sockets->count; i++) {
        struct listen_socket *socket = &sockets->all[i];
        socket->deposited = socket->deposited || notify_keep(socket->fd, name_of(socket, name));
    }
}

void deposit_forget(const struct listen_socket *socket)
{
    char name[NAME_ROOM];
    if (socket->deposited)
        notify_forget(name_of(socket, name));
}

static bool option(int fd, int which, int wanted)
{
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, which, &value, &size) == 0 && value == wanted;
}

static bool read_address(int fd, struct listen_socket *out)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.v6 = {.sin6_family = AF_UNSPEC}};
    socklen_t size = sizeof address;
    if (getsockname(fd, &address.any, &size) != 0)
        return false;
    bool six = address.any.sa_family == AF_INET6;
    out->ip.family = six ? 6 : 4;
    out->port = ntohs(six ? address.v6.sin6_port : address.v4.sin_port);
    if (six)
        memcpy(out->ip.bytes, &address.v6.sin6_addr, sizeof address.v6.sin6_addr);
    else
        memcpy(out->ip.bytes, &address.v4.sin_addr, sizeof address.v4.sin_addr);
    return six || address.any.sa_family == AF_INET;
}

static bool is_ours(int fd)
{
    return option(fd, SO_TYPE, SOCK_STREAM) && option(fd, SO_ACCEPTCONN, 1) &&
           option(fd, SO_REUSEPORT, 1);
}

/* Slots are numbered anew: of one address any socket is as good as another. */
static bool take(struct sockets *sockets, int fd)
{
    struct listen_socket taken = {.fd = fd, .deposited = true};
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || !is_ours(fd) || !read_address(fd, &taken)) {
        close(fd);
        return true;
    }
    listening_end_undo(fd); /* systemd may not have heard that it was given up */
    for (size_t i = 0; i < sockets->count; i++)
        taken.slot += sockets_same_address(&sockets->all[i], &taken.ip, taken.port);
    return sockets_add(sockets, &taken);
}

/* How many descriptors are given to this very process. */
static unsigned given(void)
{
    uint64_t count = 0, pid = 0;
    bool ours = slice_to_u64(slice_of(getenv("LISTEN_PID")), INT32_MAX, &pid) &&
                (pid_t)pid == getpid() &&
                slice_to_u64(slice_of(getenv("LISTEN_FDS")), TAKEN_MOST, &count);
    return ours ? (unsigned)count : 0;
}

bool deposit_take(struct sockets *sockets)
{
    unsigned count = given();
    bool ok = true;
    for (unsigned i = 0; i < count && ok; i++)
        ok = take(sockets, FIRST_FD + (int)i);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return ok;
}
