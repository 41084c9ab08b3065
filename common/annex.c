/* SPDX-License-Identifier: ISC */
#include "common/annex.h"

#include "base/sealed_file.h"
#include "base/sealed_map.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

enum { AT_ONCE = 16 * 1024 * 1024 };

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_unchanged(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           same_time(&a->st_mtim, &b->st_mtim) && same_time(&a->st_ctim, &b->st_ctim);
}

bool annex_take(int fd, struct annex *out)
{
    *out = (struct annex){.fd = fd, .content = sealed_map(fd, ANNEX_MAX)};
    if (!out->content.ptr)
        annex_free(out);
    return out->fd >= 0;
}

bool annex_take_index(struct annex *annex, int fd)
{
    struct slice index = annex->index.ptr ? (struct slice){NULL, 0} : sealed_map(fd, ANNEX_MAX);
    if (!index.ptr) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    annex->index = index;
    annex->index_fd = fd;
    return true;
}

void annex_free(struct annex *annex)
{
    sealed_unmap(annex->content);
    sealed_unmap(annex->index);
    if (annex->index.ptr)
        close(annex->index_fd);
    if (annex->fd >= 0)
        close(annex->fd);
    *annex = (struct annex){.fd = -1};
}

/* NULL, or why not. */
static const char *copy_octets(int from, int to, size_t size)
{
    while (size > 0) {
        ssize_t n = sendfile(to, from, NULL, size < AT_ONCE ? size : AT_ONCE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? strerror(errno) : "it became shorter while it was read";
        size -= (size_t)n;
    }
    return NULL;
}

/* What is written to meanwhile may be of two minds. */
static const char *look_again(int file, const struct stat *before)
{
    struct stat now;
    return fstat(file, &now) == 0 && is_unchanged(before, &now) ? NULL : "it is being written to";
}

static const char *copy(int file, struct annex *out)
{
    struct stat status = out->status;
    int fd = sealed_file_new("annex");
    if (fd < 0)
        return strerror(errno);
    const char *reason = copy_octets(file, fd, (size_t)status.st_size);
    if (!reason)
        reason = look_again(file, &status);
    if (!reason)
        reason = sealed_file_end(fd) ? NULL : strerror(errno);
    if (reason) {
        close(fd);
        return reason;
    }
    bool taken = annex_take(fd, out);
    out->status = status;
    return taken ? NULL : "out of memory";
}

bool annex_make_index(struct annex *annex, struct slice octets)
{
    int fd = sealed_file_of("annex index", octets);
    return fd >= 0 && annex_take_index(annex, fd);
}

static bool share_index(const struct annex *before, struct annex *out)
{
    return !before->index.ptr || annex_take_index(out, fcntl(before->index_fd, F_DUPFD_CLOEXEC, 0));
}

/* The same memfds for both. */
static const char *share(const struct annex *before, struct annex *out)
{
    struct stat status = out->status;
    int fd = fcntl(before->fd, F_DUPFD_CLOEXEC, 0);
    bool taken = fd >= 0 && annex_take(fd, out) && share_index(before, out);
    const char *reason = taken ? NULL : strerror(errno);
    if (!taken)
        annex_free(out);
    out->status = status;
    return reason;
}

static const char *take_file(int file, const struct annex *before, struct annex *out)
{
    if (fstat(file, &out->status) != 0)
        return strerror(errno);
    if (!S_ISREG(out->status.st_mode))
        return "not a regular file";
    if (out->status.st_size > ANNEX_MAX)
        return "larger than 1 GiB";
    if (before && before->fd >= 0 && is_unchanged(&before->status, &out->status))
        return share(before, out);
    return copy(file, out);
}

bool annex_share(const struct annex *annex, struct annex *out, const char **reason)
{
    *out = (struct annex){.fd = -1, .status = annex->status};
    *reason = share(annex, out);
    return !*reason;
}

bool annex_copy(const char *path, const struct annex *before, struct annex *out,
                const char **reason)
{
    *out = (struct annex){.fd = -1};
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    *reason = file < 0 ? strerror(errno) : take_file(file, before, out);
    if (file >= 0)
        close(file);
    return !*reason;
}
