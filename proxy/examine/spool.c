/* SPDX-License-Identifier: ISC */
#include "proxy/examine/spool.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SMALL_MAX = 32 * 1024 };

struct spool {
    struct slice lent; /* all of it; ptr NULL: it is our own */
    struct buf small;  /* all of it, or what is still to be written behind what `fd` has */
    int fd;            /* -1 while it is small */
    bool out;          /* `fd` has what is not in `small` */
    bool broken;       /* a write failed: a part is missing */
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

struct spool *spool_over(struct slice content)
{
    struct spool *spool = malloc(sizeof *spool);
    if (spool)
        *spool = (struct spool){.lent = content, .size = content.len, .fd = -1};
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

static struct slice in_memory(const struct spool *s)
{
    return s->lent.ptr ? s->lent : buf_slice(&s->small);
}

/* From memory to a memfd. */
static bool move_out(struct spool *s)
{
    int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && !write_all(fd, in_memory(s))) {
        close(fd); /* half a message must not be taken for the whole */
        fd = -1;
    }
    s->fd = fd;
    return fd >= 0;
}

static bool write_gathered(struct spool *s)
{
    s->broken = s->broken || !write_all(s->fd, buf_slice(&s->small));
    buf_clear(&s->small);
    return !s->broken;
}

/* Small pieces are gathered: a system call for each would cost far more than its octets. */
static bool append_out(struct spool *s, struct slice bytes)
{
    if (buf_len(&s->small) + bytes.len > SMALL_MAX && !write_gathered(s))
        return false;
    return bytes.len > SMALL_MAX / 2 && buf_len(&s->small) == 0 ? write_all(s->fd, bytes)
                                                                : buf_append(&s->small, bytes);
}

bool spool_append(struct spool *s, struct slice bytes)
{
    s->size += bytes.len;
    if (!s->out) {
        if (buf_len(&s->small) + bytes.len <= s->small.max)
            return buf_append(&s->small, bytes);
        if (!move_out(s))
            return false;
        s->out = true;
        buf_release(&s->small);
    }
    return append_out(s, bytes);
}

/* The last of it; no more is appended. */
static bool finish_out(struct spool *s)
{
    bool written = !s->out || write_gathered(s);
    if (s->out)
        buf_release(&s->small);
    return written;
}

uint64_t spool_size(const struct spool *s)
{
    return s->size;
}

struct slice spool_bytes(struct spool *s)
{
    if (s->map)
        return (struct slice){s->map, s->size};
    if (!s->out)
        return in_memory(s);
    void *map = finish_out(s) ? mmap(NULL, s->size, PROT_READ, MAP_PRIVATE, s->fd, 0) : MAP_FAILED;
    if (map == MAP_FAILED)
        return (struct slice){NULL, 0};
    s->map = map;
    return (struct slice){map, s->size};
}

int spool_fd(struct spool *s)
{
    if (s->fd < 0 ? !move_out(s) : !finish_out(s))
        return -1;
    if (!s->sealed &&
        fcntl(s->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return -1;
    s->sealed = true;
    return s->fd;
}
