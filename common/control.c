/* SPDX-License-Identifier: ISC */
#include "common/control.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 16 };

void control_pack_find(struct buf *out, const struct control_find *find)
{
    pack_slice(out, find->id);
    pack_slice(out, find->text);
    pack_slice(out, find->verdict);
    pack_slice(out, find->client);
    pack_slice(out, find->rule);
    pack_u64(out, find->since);
    pack_u64(out, find->until);
    pack_u64(out, find->before);
    pack_u32(out, find->most);
    pack_u8(out, find->whole);
}

bool control_unpack_find(struct slice payload, struct control_find *find)
{
    struct unpack in = {.left = payload};
    find->id = unpack_slice(&in);
    find->text = unpack_slice(&in);
    find->verdict = unpack_slice(&in);
    find->client = unpack_slice(&in);
    find->rule = unpack_slice(&in);
    find->since = unpack_u64(&in);
    find->until = unpack_u64(&in);
    find->before = unpack_u64(&in);
    find->most = unpack_u32(&in);
    find->whole = unpack_u8(&in);
    return unpack_done(&in) && find->most <= CONTROL_FOUND_MOST;
}

/* Through the folder, since a socket's name may be no longer than some 100 octets. */
static int open_folder(const char *path, struct sockaddr_un *address)
{
    char copy[PATH_MAX], folder[PATH_MAX];
    if ((size_t)snprintf(copy, sizeof copy, "%s", path) >= sizeof copy) {
        errno = ENAMETOOLONG;
        return -1;
    }
    snprintf(folder, sizeof folder, "%s", dirname(copy));
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((size_t)snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", fd,
                         name) < sizeof address->sun_path)
        return fd;
    if (fd >= 0)
        close(fd);
    errno = ENAMETOOLONG;
    return -1;
}

static int finish(int folder, int sock, bool ok)
{
    int error = errno;
    if (folder >= 0)
        close(folder);
    if (!ok && sock >= 0) {
        close(sock);
        sock = -1;
    }
    errno = error;
    return sock;
}

/* The socket of one that was killed goes; anything else is not ours to take away. */
static bool make_way(const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return errno == ENOENT;
    if (S_ISSOCK(status.st_mode))
        return unlink(path) == 0;
    errno = EEXIST;
    return false;
}

int control_listen(const char *path, int type)
{
    struct sockaddr_un address;
    int folder = open_folder(path, &address);
    int sock = folder < 0 ? -1 : socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0111);
    bool ok = sock >= 0 && make_way(address.sun_path) &&
              bind(sock, (const struct sockaddr *)&address, sizeof address) == 0;
    umask(before);
    ok = ok && listen(sock, BACKLOG) == 0;
    return finish(folder, sock, ok);
}

void control_remove(const char *path)
{
    struct sockaddr_un address;
    int folder = open_folder(path, &address);
    if (folder >= 0)
        make_way(address.sun_path);
    finish(folder, -1, true);
}

int control_connect(const char *path)
{
    struct sockaddr_un address;
    int folder = open_folder(path, &address);
    int sock = folder < 0 ? -1 : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    bool ok = sock >= 0 && connect(sock, (const struct sockaddr *)&address, sizeof address) == 0;
    return finish(folder, sock, ok);
}
