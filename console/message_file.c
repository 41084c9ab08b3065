/* SPDX-License-Identifier: ISC */
#include "console/message_file.h"

#include "console/message_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Up to MESSAGE_CHUNK bytes, fewer only at the end: the first ones decide about "From ". */
static ssize_t read_chunk(int fd, char *out)
{
    size_t got = 0;
    while (got < MESSAGE_CHUNK) {
        ssize_t n = read(fd, out + got, MESSAGE_CHUNK - got);
        if (n < 0)
            return -1; /* also for a signal */
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

static bool copy_all(int from, struct message_copy *copy)
{
    char chunk[MESSAGE_CHUNK];
    for (bool first = true;; first = false) {
        ssize_t n = read_chunk(from, chunk);
        if (n <= 0)
            return n == 0;
        struct slice octets = {chunk, (size_t)n};
        if (!message_copy_more(copy, slice_from(octets, first ? message_mailbox_lines(octets) : 0)))
            return false;
        if (message_copy_too_big(copy))
            return true;
    }
}

static bool fill(int from, uint64_t max, struct message_file *out)
{
    struct message_copy copy;
    if (!message_copy_begin(&copy, max))
        return false;
    bool ok = copy_all(from, &copy);
    out->size = copy.size;
    out->too_big = message_copy_too_big(&copy);
    if (ok && !out->too_big)
        out->fd = message_copy_end(&copy);
    int error = errno;
    message_copy_drop(&copy);
    errno = error;
    return ok && (out->too_big || out->fd >= 0);
}

bool message_file_read(const char *path, uint64_t max, struct message_file *out,
                       const char **reason)
{
    bool standard = strcmp(path, "-") == 0;
    int from = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    *out = (struct message_file){.fd = -1};
    bool ok = from >= 0 && fill(from, max, out);
    *reason = ok ? NULL : strerror(errno);
    if (from >= 0 && !standard)
        close(from);
    return ok;
}
