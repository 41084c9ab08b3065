/* SPDX-License-Identifier: ISC */
#include "proxy/spool.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SMALL_MAX = 32 * 1024 };

struct spool {
    struct buf small;
    int fd; /* -1 while it is small */
    bool sealed;
    uint64_t size;
    void *map;
};

struct spool *spool_new(size_t in_memory)
{
    size_t max = in_memory > SMALL_MAX ? in_memory : SMALL_MAX;
    struct spool *spool = malloc(sizeof *spool);
    if (spool)
        *spool = (struct spool){.small = buf_init(max), .fd = -1};
    return spool;
}

void spool_free(struct spool **spool)
{
    struct spool *s = *spool;
    if (!s)
        return;
    if (s->map)
        munmap(s->map, s->size);
    if (s->fd >= 0)
        close(s->fd);
    buf_release(&s->small);
    free(s);
    *spool = NULL;
}

static bool write_all(int fd, struct slice bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes = slice_from(bytes, (size_t)n);
    }
    return true;
}

/* From memory to a memfd. */
static bool move_out(struct spool *s)
{
    int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && !write_all(fd, buf_slice(&s->small))) {
        close(fd); /* half a message must not be taken for the whole */
        fd = -1;
    }
    s->fd = fd;
    return fd >= 0;
}

bool spool_append(struct spool *s, struct slice bytes)
{
    s->size += bytes.len;
    if (s->fd < 0) {
        if (buf_len(&s->small) + bytes.len <= s->small.max)
            return buf_append(&s->small, bytes);
        if (!move_out(s))
            return false;
        buf_release(&s->small);
    }
    return write_all(s->fd, bytes);
}

uint64_t spool_size(const struct spool *s)
{
    return s->size;
}

struct slice spool_bytes(struct spool *s)
{
    if (s->map)
        return (struct slice){s->map, s->size};
    if (buf_len(&s->small) == s->size)
        return buf_slice(&s->small);
    void *map = mmap(NULL, s->size, PROT_READ, MAP_PRIVATE, s->fd, 0);
    if (map == MAP_FAILED)
        return (struct slice){NULL, 0};
    s->map = map;
    return (struct slice){map, s->size};
}

int spool_fd(struct spool *s)
{
    if (s->fd < 0 && !move_out(s))
        return -1;
    if (!s->sealed &&
        fcntl(s->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return -1;
    s->sealed = true;
    return s->fd;
}
