/* SPDX-License-Identifier: ISC */
#include "base/log_stderr.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool torn; /* a line has begun that had no room for its end */

static bool may_wait(void)
{
    struct stat status;
    int flags = fcntl(STDERR_FILENO, F_GETFL);
    return flags >= 0 && !(flags & O_NONBLOCK) && fstat(STDERR_FILENO, &status) == 0 &&
           (S_ISFIFO(status.st_mode) || isatty(STDERR_FILENO));
}

void log_stderr_open(void)
{
    int error = errno;
    int fd =
        may_wait() ? open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        dup2(fd, STDERR_FILENO);
        close(fd);
    }
    errno = error;
}

/* A socket is not opened anew: each write says that it does not wait. */
static ssize_t write_at_once(char *octets, size_t size)
{
    struct iovec part = {octets, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t sent = sendmsg(STDERR_FILENO, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 && errno == ENOTSOCK ? write(STDERR_FILENO, octets, size) : sent;
}

bool log_stderr_write(char *line, size_t size)
{
    char newline = '\n';
    if (torn && write_at_once(&newline, 1) != 1)
        return false;
    ssize_t written = write_at_once(line, size);
    torn = written > 0 && (size_t)written < size;
    return written == (ssize_t)size;
}
