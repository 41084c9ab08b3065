/* SPDX-License-Identifier: ISC */
#include "console/message_file.h"

#include "filters/mime/headers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CHUNK = 65536, SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

struct copy {
    int from, to;
    uint64_t written;
    char out[2 * CHUNK];
    size_t used;
    bool after_cr;
};

static bool flush(struct copy *copy)
{
    for (size_t done = 0; done < copy->used;) {
        ssize_t n = write(copy->to, copy->out + done, copy->used - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    copy->written += copy->used;
    copy->used = 0;
    return true;
}

static bool convert(struct copy *copy, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char c = bytes[i];
        if (c == '\n' && !copy->after_cr)
            copy->out[copy->used++] = '\r';
        copy->out[copy->used++] = c;
        copy->after_cr = c == '\r';
    }
    return flush(copy);
}

/* Up to CHUNK bytes, fewer only at the end: the first ones decide about "From ". */
static ssize_t read_chunk(int fd, char *out)
{
    size_t got = 0;
    while (got < CHUNK) {
        ssize_t n = read(fd, out + got, CHUNK - got);
        if (n < 0)
            return -1; /* also for a signal */
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* What a mail box puts in front of a message:
 * its own line is left out where the proxy leaves it out. */
static size_t mailbox_lines(struct slice chunk)
{
    return (size_t)(headers_block(chunk, NULL).ptr - chunk.ptr);
}

static bool copy_all(struct copy *copy, uint64_t max)
{
    char chunk[CHUNK];
    for (bool first = true;; first = false) {
        ssize_t n = read_chunk(copy->from, chunk);
        if (n <= 0)
            return n == 0;
        size_t skipped = first ? mailbox_lines((struct slice){chunk, (size_t)n}) : 0;
        if (!convert(copy, chunk + skipped, (size_t)n - skipped))
            return false;
        if (copy->written > max)
            return true;
    }
}

static bool fill(int from, uint64_t max, struct message_file *out)
{
    struct copy copy = {.from = from, .to = out->fd};
    if (!copy_all(&copy, max))
        return false;
    out->size = copy.written;
    out->too_big = copy.written > max;
    return out->too_big || fcntl(out->fd, F_ADD_SEALS, SEALS) == 0;
}

bool message_file_read(const char *path, uint64_t max, struct message_file *out,
                       const char **reason)
{
    bool standard = strcmp(path, "-") == 0;
    int from = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    *out = (struct message_file){.fd = -1};
    if (from >= 0)
        out->fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    bool ok = out->fd >= 0 && fill(from, max, out);
    *reason = ok ? NULL : strerror(errno);
    if (out->fd >= 0 && (!ok || out->too_big)) {
        close(out->fd);
        out->fd = -1;
    }
    if (from >= 0 && !standard)
        close(from);
    return ok;
}
