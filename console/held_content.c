/* SPDX-License-Identifier: ISC */
#include "console/held_content.h"

#include "base/clock.h"
#include "common/errand.h"
#include "console/ask.h"
#include "console/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 30000,
    CHUNK = 65536,
    SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
};

/* ---- asking ---- */

static void ignore(void *ctx, struct slice octets)
{
    (void)ctx, (void)octets;
}

/* The socket on which it will come; -1: *reason. */
static int ask_for(int sock, const struct held_name *name, struct arena *arena, const char **reason)
{
    char said[ASK_REASON_MAX];
    struct buf question = buf_init(64);
    int pair[2];
    *reason = "no socket can be made";
    if (ipc_pair(pair) != 0)
        return -1;
    held_name_pack(&question, name);
    bool asked = ask_giving(sock, CONTROL_HELD_SHOW, buf_slice(&question), pair[1], ignore, NULL,
                            &(uint64_t){0}, said);
    buf_release(&question);
    close(pair[1]); /* so that the end of those who have it is seen */
    if (asked)
        return pair[0];
    close(pair[0]);
    *reason = arena_cstr(arena, slice_of(said));
    if (!*reason)
        *reason = "out of memory";
    return -1;
}

/* 1: there is something to read, or nobody there; 0: not in time; -1: interrupted. */
static int wait_for(int reply)
{
    struct pollfd fd = {.fd = reply, .events = POLLIN};
    int64_t deadline = clock_ms() + PATIENCE_MS;
    int ready = 0;
    for (int64_t left = PATIENCE_MS; ready == 0 && left > 0; left = deadline - clock_ms())
        ready = interrupt_poll(&fd, 1, (int)left);
    return ready;
}

static int take_file(const struct ipc_message *message, struct arena *arena, const char **reason)
{
    struct unpack in = {.left = message->payload};
    *reason = "gatepost-release talked nonsense";
    if (message->type == ERRAND_SHOWN && message->fd_count == 1)
        return message->fds[0];
    struct slice said = message->fd_count == 0 ? unpack_slice(&in) : SLICE("");
    if (message->type == ERRAND_SHOWN && message->fd_count == 0 && unpack_done(&in))
        *reason = arena_cstr(arena, said);
    return -1;
}

static int receive(int reply, struct arena *arena, const char **reason)
{
    static char inbox[IPC_PAYLOAD_MAX + 2];
    struct ipc_message message;
    int ready = wait_for(reply);
    *reason = ready == 0 ? "gatepost-release does not run, or does not answer" : "interrupted";
    if (ready <= 0)
        return -1;
    *reason = "gatepost-release does not run";
    if (ipc_recv(reply, &message, inbox, sizeof inbox, false) <= 0)
        return -1;
    int file = take_file(&message, arena, reason);
    if (file < 0)
        ipc_close_fds(&message);
    if (!*reason)
        *reason = "out of memory";
    return file;
}

/* ---- what came ---- */

static bool read_at(int file, void *out, size_t size, uint64_t at)
{
    return pread(file, out, size, (off_t)at) == (ssize_t)size;
}

/* A length, so much of a request, and the message. */
static bool divide(struct held_content *content, struct arena *arena)
{
    struct stat info;
    uint32_t length;
    if (fstat(content->file, &info) != 0 || !S_ISREG(info.st_mode) ||
        !read_at(content->file, &length, sizeof length, 0) || length > HOLD_MAX ||
        (uint64_t)info.st_size < sizeof length + (uint64_t)length)
        return false;
    content->begins = sizeof length + (uint64_t)length;
    content->size = (uint64_t)info.st_size - content->begins;
    char *octets = arena_alloc(arena, length + 1);
    return octets && read_at(content->file, octets, length, sizeof length) &&
           hold_decode((struct slice){octets, length}, arena, &content->request);
}

bool held_content_open(int sock, const struct held_name *name, struct arena *arena,
                       struct held_content *out, const char **reason)
{
    *out = (struct held_content){.file = -1};
    int reply = ask_for(sock, name, arena, reason);
    if (reply < 0)
        return false;
    out->file = receive(reply, arena, reason);
    close(reply);
    if (out->file < 0)
        return false;
    *reason = "what was held is not as the keeper writes it";
    if (divide(out, arena))
        return true;
    held_content_close(out);
    return false;
}

void held_content_close(struct held_content *content)
{
    if (content->file >= 0)
        close(content->file);
    content->file = -1;
}

/* ---- the message ---- */

static bool write_all(int to, const char *octets, size_t count)
{
    while (count) {
        ssize_t n = write(to, octets, count);
        if (n < 0 && errno == EINTR && !interrupt_came())
            continue;
        if (n <= 0)
            return false;
        octets += n;
        count -= (size_t)n;
    }
    return true;
}

bool held_content_copy(const struct held_content *content, int to)
{
    char chunk[CHUNK];
    uint64_t end = content->begins + content->size;
    for (uint64_t at = content->begins; at < end;) {
        size_t n = end - at < CHUNK ? (size_t)(end - at) : CHUNK;
        errno = EIO;
        if (!read_at(content->file, chunk, n, at) || !write_all(to, chunk, n))
            return false;
        at += n;
    }
    return true;
}

int held_content_message(const struct held_content *content)
{
    int file = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file >= 0 && held_content_copy(content, file) && fcntl(file, F_ADD_SEALS, SEALS) == 0)
        return file;
    if (file >= 0)
        close(file);
    return -1;
}
