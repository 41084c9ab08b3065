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

static void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, strlen(path));
    if (*path == '@')
        address.sun_path[0] = '\0';
    int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sock < 0)
        return;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    ssize_t sent =
        sendto(sock, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, size);
    (void)sent; /* nobody listens: nothing is lost */
    close(sock);
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
