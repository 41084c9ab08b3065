/* SPDX-License-Identifier: ISC */
#include "base/ipc.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SOCKET_BUFFER = 1024 * 1024,
    OVERHEAD = 4096, /* of the kernel, for a message */
};

void ipc_widen(int sock, int octets)
{
    if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof octets) != 0)
        setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &octets, sizeof octets);
}

/* Whether what the system gives a socket is enough for the largest message; asked once. */
static bool usual_is_enough(int sock)
{
    static int usual;
    socklen_t size = sizeof usual;
    if (usual == 0)
        getsockopt(sock, SOL_SOCKET, SO_SNDBUF, &usual, &size);
    return usual >= IPC_PAYLOAD_MAX + OVERHEAD;
}

int ipc_answer_pair(int out[static 2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out) != 0)
        return -1;
    if (!usual_is_enough(out[1]))
        ipc_widen(out[1], SOCKET_BUFFER);
    return 0;
}

int ipc_pair(int out[static 2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out) != 0)
        return -1;
    ipc_widen(out[0], SOCKET_BUFFER);
    ipc_widen(out[1], SOCKET_BUFFER);
    return 0;
}

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * IPC_FDS_MAX)];
};

static void attach(struct msghdr *msg, union control *control, const int *fds, size_t fd_count)
{
    if (fd_count == 0)
        return;
    memset(control, 0, sizeof *control);
    msg->msg_control = control->bytes;
    msg->msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
    struct cmsghdr *header = CMSG_FIRSTHDR(msg);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
    memcpy(CMSG_DATA(header), fds, sizeof(int) * fd_count);
}

int ipc_send_parts(int sock, uint16_t type, const struct slice *parts, size_t part_count,
                   const int *fds, size_t fd_count, bool wait)
{
    struct iovec pieces[1 + IPC_PARTS_MAX] = {{&type, sizeof type}};
    struct msghdr msg = {.msg_iov = pieces, .msg_iovlen = 1};
    size_t len = 0;
    for (size_t i = 0; i < part_count && i < IPC_PARTS_MAX; i++) {
        pieces[msg.msg_iovlen++] = (struct iovec){(void *)(uintptr_t)parts[i].ptr, parts[i].len};
        len += parts[i].len;
    }
    if (len > IPC_PAYLOAD_MAX || fd_count > IPC_FDS_MAX || part_count > IPC_PARTS_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    union control control;
    attach(&msg, &control, fds, fd_count);
    for (;;) {
        if (sendmsg(sock, &msg, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT)) >= 0)
            return 1;
        if (errno == EAGAIN || errno == ENOBUFS)
            return 0;
        if (errno != EINTR)
            return -1;
    }
}

int ipc_send(int sock, uint16_t type, struct slice payload, const int *fds, size_t fd_count,
             bool wait)
{
    return ipc_send_parts(sock, type, &payload, 1, fds, fd_count, wait);
}

static void take_fds(struct msghdr *msg, struct ipc_message *message)
{
    for (struct cmsghdr *header = CMSG_FIRSTHDR(msg); header; header = CMSG_NXTHDR(msg, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            if (message->fd_count < IPC_FDS_MAX)
                message->fds[message->fd_count++] = fd;
            else
                close(fd);
        }
    }
}

int ipc_recv(int sock, struct ipc_message *message, char *buffer, size_t size, bool wait)
{
    struct iovec part = {buffer, size};
    union control control;
    struct msghdr msg = {.msg_iov = &part,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control};
    ssize_t n;
    bool reset = false, again;
    do {
        n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
        again = n < 0 && (errno == EINTR || (errno == ECONNRESET && !reset));
        reset = again && errno == ECONNRESET; /* told once, ahead of what the peer had said */
    } while (again);
    if (n < 0)
        return errno == EAGAIN ? 0 : -1;
    *message = (struct ipc_message){0};
    take_fds(&msg, message);
    if ((size_t)n < sizeof message->type || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        ipc_close_fds(message);
        errno = n == 0 ? ECONNRESET : EBADMSG;
        return -1;
    }
    memcpy(&message->type, buffer, sizeof message->type);
    message->payload =
        (struct slice){buffer + sizeof message->type, (size_t)n - sizeof message->type};
    return 1;
}

bool ipc_has_ended(int sock)
{
    struct pollfd look = {.fd = sock, .events = POLLRDHUP};
    return poll(&look, 1, 0) == 1 && look.revents & (POLLRDHUP | POLLHUP);
}

int ipc_await(int pair[static 2], int error)
{
    if (pair[1] >= 0)
        close(pair[1]);
    if (!error)
        return pair[0];
    if (pair[0] >= 0)
        close(pair[0]);
    errno = error;
    return -1;
}

void ipc_close_fds(struct ipc_message *message)
{
    for (size_t i = 0; i < message->fd_count; i++)
        close(message->fds[i]);
    message->fd_count = 0;
}

void pack_u8(struct buf *out, uint8_t n)
{
    buf_append(out, (struct slice){(const char *)&n, sizeof n});
}

void pack_u32(struct buf *out, uint32_t n)
{
    buf_append(out, (struct slice){(const char *)&n, sizeof n});
}

void pack_u64(struct buf *out, uint64_t n)
{
    buf_append(out, (struct slice){(const char *)&n, sizeof n});
}

void pack_slice(struct buf *out, struct slice s)
{
    if (s.len > UINT32_MAX) {
        out->failed = true;
        return;
    }
    pack_u32(out, (uint32_t)s.len);
    buf_append(out, s);
}

void pack_var(struct buf *out, uint64_t n)
{
    char octets[10];
    size_t len = 0;
    for (; n > 0x7f; n >>= 7)
        octets[len++] = (char)(n | 0x80);
    octets[len++] = (char)n;
    buf_append(out, (struct slice){octets, len});
}

void pack_tight(struct buf *out, struct slice s)
{
    pack_var(out, s.len);
    buf_append(out, s);
}

static struct slice take(struct unpack *in, size_t n)
{
    if (in->bad || n > in->left.len) {
        in->bad = true;
        return (struct slice){NULL, 0};
    }
    struct slice s = slice_sub(in->left, 0, n);
    in->left = slice_from(in->left, n);
    return s;
}

static void take_into(struct unpack *in, void *out, size_t n)
{
    struct slice s = take(in, n);
    if (s.ptr)
        memcpy(out, s.ptr, n);
}

uint8_t unpack_u8(struct unpack *in)
{
    uint8_t n = 0;
    take_into(in, &n, sizeof n);
    return n;
}

uint32_t unpack_u32(struct unpack *in)
{
    uint32_t n = 0;
    take_into(in, &n, sizeof n);
    return n;
}

uint64_t unpack_u64(struct unpack *in)
{
    uint64_t n = 0;
    take_into(in, &n, sizeof n);
    return n;
}

struct slice unpack_slice(struct unpack *in)
{
    return take(in, unpack_u32(in));
}

uint64_t unpack_var(struct unpack *in)
{
    uint64_t n = 0;
    for (size_t i = 0; i < in->left.len && i < 10 && !in->bad; i++) {
        unsigned char octet = (unsigned char)in->left.ptr[i];
        n |= (uint64_t)(octet & 0x7f) << 7 * i;
        if (octet & 0x80)
            continue;
        in->left = slice_from(in->left, i + 1);
        return n;
    }
    in->bad = true;
    return 0;
}

struct slice unpack_tight(struct unpack *in)
{
    uint64_t len = unpack_var(in);
    return take(in, len <= SIZE_MAX ? (size_t)len : SIZE_MAX);
}

bool unpack_done(const struct unpack *in)
{
    return !in->bad && in->left.len == 0;
}
