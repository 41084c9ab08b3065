/* SPDX-License-Identifier: ISC */
#include "parent/parent_notify.h"

#include "base/slice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* With fd, if it is none below 0. */
static bool send_to(const struct sockaddr_un *address, socklen_t size, const char *state, int fd)
{
    union {
        char octets[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control = {{0}};
    struct iovec text = {(void *)(uintptr_t)state, strlen(state)};
    struct msghdr message = {.msg_name = (void *)(uintptr_t)address,
                             .msg_namelen = size,
                             .msg_iov = &text,
                             .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = control.octets;
        message.msg_controllen = sizeof control.octets;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sock < 0)
        return false;
    ssize_t sent = sendmsg(sock, &message, MSG_NOSIGNAL);
    close(sock);
    return sent >= 0;
}

static bool notify_with(const char *state, int fd)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, path, strlen(path));
    if (*path == '@')
        address.sun_path[0] = '\0';
    return send_to(&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)),
                   state, fd);
}

static void notify(const char *state)
{
    notify_with(state, -1); /* nobody listens: nothing is lost */
}

bool notify_keep(int fd, const char *name)
{
    char state[128];
    snprintf(state, sizeof state, "FDSTORE=1\nFDNAME=%s", name);
    return notify_with(state, fd);
}

void notify_forget(const char *name)
{
    char state[128];
    snprintf(state, sizeof state, "FDSTOREREMOVE=1\nFDNAME=%s", name);
    notify(state);
}

void notify_ready(void)
{
    notify("READY=1\nSTATUS=serving");
}

void notify_reloading(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    char state[96];
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=reloading",
             (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    notify(state);
}

void notify_stopping(void)
{
    notify("STOPPING=1\nSTATUS=finishing the sessions");
}

void notify_alive(void)
{
    notify("WATCHDOG=1");
}

int64_t notify_alive_interval(void)
{
    uint64_t microseconds, pid;
    const char *whose = getenv("WATCHDOG_PID");
    if (whose && (!slice_to_u64(slice_of(whose), UINT32_MAX, &pid) || (pid_t)pid != getpid()))
        return 0;
    if (!slice_to_u64(slice_of(getenv("WATCHDOG_USEC")), INT64_MAX, &microseconds))
        return 0;
    return microseconds < 2000 ? 1 : (int64_t)(microseconds / 2000); /* twice as often as asked */
}
