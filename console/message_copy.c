/* SPDX-License-Identifier: ISC */
#include "console/message_copy.h"

#include "filters/mime/headers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

bool message_copy_begin(struct message_copy *copy, uint64_t max)
{
    copy->fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    copy->size = 0;
    copy->max = max;
    copy->used = 0;
    copy->after_cr = false;
    return copy->fd >= 0;
}

static bool flush(struct message_copy *copy)
{
    for (size_t done = 0; done < copy->used;) {
        ssize_t n = write(copy->fd, copy->out + done, copy->used - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    copy->size += copy->used;
    copy->used = 0;
    return true;
}

static bool convert(struct message_copy *copy, struct slice octets)
{
    for (size_t i = 0; i < octets.len; i++) {
        char c = octets.ptr[i];
        if (c == '\n' && !copy->after_cr)
            copy->out[copy->used++] = '\r';
        copy->out[copy->used++] = c;
        copy->after_cr = c == '\r';
    }
    return flush(copy);
}

bool message_copy_more(struct message_copy *copy, struct slice octets)
{
    for (; octets.len && !message_copy_too_big(copy); octets = slice_from(octets, MESSAGE_CHUNK))
        if (!convert(copy, slice_sub(octets, 0, MESSAGE_CHUNK)))
            return false;
    return true;
}

bool message_copy_too_big(const struct message_copy *copy)
{
    return copy->size > copy->max;
}

int message_copy_end(struct message_copy *copy)
{
    int fd = copy->fd;
    errno = EFBIG;
    if (!message_copy_too_big(copy) && fcntl(fd, F_ADD_SEALS, SEALS) == 0) {
        copy->fd = -1;
        return fd;
    }
    int error = errno;
    message_copy_drop(copy);
    errno = error;
    return -1;
}

void message_copy_drop(struct message_copy *copy)
{
    if (copy->fd >= 0)
        close(copy->fd);
    copy->fd = -1;
}

/* Its own line is left out where the proxy leaves it out. */
size_t message_mailbox_lines(struct slice beginning)
{
    return (size_t)(headers_block(beginning, NULL).ptr - beginning.ptr);
}
