/* SPDX-License-Identifier: ISC
 * gatepost-release: the one process that can read what is held. It is started by the parent with the
 * private key, opens containers that the keeper gives it, and hands what was in them to a proxy, or
 * to who asked to see it. It has no files, no network, and looks at no mail. */
#include "base/clock.h"
#include "base/log.h"
#include "base/sealed_file.h"
#include "common/errand.h"
#include "common/releasing.h"
#include "keeper/opener_start.h"
#include "keeper/release_key.h"
#include "keeper/unseal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { HEARD_AT_ONCE = 2, OCTETS_MOST = INT32_MAX };

static struct unseal_keys keys;
static char inbox[IPC_PAYLOAD_MAX + 2];

static _Noreturn void give_up(const char *reason)
{
    opener_tell_failure(RELEASE_CONTROL_FD, RELEASE_FAILED, reason);
    log_at(LEVEL_ERROR, "", "gatepost-release cannot start", field_str("reason", reason));
    exit(EXIT_FAILURE);
}

/* ---- opening ---- */

static bool append(void *ctx, struct slice octets)
{
    const int *file = ctx;
    return sealed_file_add(*file, octets);
}

/* A sealed memfd with what is in the container; -1 with *reason. */
static int open_container(int container, uint64_t about, uint64_t octets, const char **reason)
{
    int file = sealed_file_new("released");
    *reason = file < 0 ? strerror(errno) : "it is too large";
    if (file >= 0 && octets <= OCTETS_MOST &&
        unseal_read(container, &keys, (struct slice){(const char *)&about, sizeof about}, octets,
                    append, &file, reason) &&
        sealed_file_end(file))
        return file;
    if (file >= 0)
        close(file);
    return -1;
}

/* One that nobody waits for any more is not begun. */
static void deliver(const struct ipc_message *message)
{
    struct errand errand;
    const char *reason;
    if (message->fd_count != 1 || !errand_unpack(message->payload, &errand) ||
        errand.deadline <= clock_ms())
        return;
    int file = open_container(message->fds[0], errand.about, errand.octets, &reason);
    if (file < 0) {
        log_at(LEVEL_ERROR, "", "a held message cannot be opened",
               field_text("reference", errand.reference), field_str("reason", reason));
        errand_tell(RELEASE_OPENER_FD, ERRAND_CLOSED, &errand, ERRAND_LATER, slice_of(reason));
        return;
    }
    if (ipc_send(RELEASE_ERRANDS_FD, ERRAND_DELIVER, message->payload, &file, 1, false) != 1)
        errand_tell(RELEASE_OPENER_FD, ERRAND_OVER, &errand, ERRAND_LATER,
                    SLICE("no proxy takes it"));
    close(file);
}

static void show(const struct ipc_message *message)
{
    struct unpack in = {.left = message->payload};
    uint64_t about = unpack_u64(&in), octets = unpack_u64(&in);
    struct buf out = buf_init(4096);
    const char *reason;
    if (message->fd_count != 2 || !unpack_done(&in))
        return;
    int file = open_container(message->fds[0], about, octets, &reason);
    if (file < 0)
        pack_slice(&out, slice_of(reason));
    ipc_send(message->fds[1], ERRAND_SHOWN, buf_slice(&out), &file, file >= 0, false);
    buf_release(&out);
    if (file >= 0)
        close(file);
}

/* The parent or the keeper's pair gone: there is no going on. */
static void hear(int sock)
{
    struct ipc_message message;
    int got = ipc_recv(sock, &message, inbox, sizeof inbox, false);
    if (got < 0 && (sock == RELEASE_CONTROL_FD || errno != EBADMSG))
        exit(EXIT_SUCCESS);
    if (got <= 0)
        return;
    if (sock == RELEASE_CONTROL_FD && message.type == RELEASE_END)
        exit(EXIT_SUCCESS);
    if (sock == RELEASE_OPENER_FD && message.type == ERRAND_OPEN)
        deliver(&message);
    else if (sock == RELEASE_OPENER_FD && message.type == ERRAND_SHOW)
        show(&message);
    ipc_close_fds(&message);
}

/* ---- the start ---- */

static void read_keys(void)
{
    const char *reason;
    if (!seal_prepare())
        give_up("libcrypto has not what is needed to open messages");
    if (!release_key_read(RELEASE_KEY_FD, &keys, &reason))
        give_up(reason);
    close(RELEASE_KEY_FD);
}

static void say_ready(void)
{
    char room[256];
    unsigned char mark[RELEASE_KEY_MARK];
    struct seal_key public;
    struct buf out = buf_over(room, sizeof room);
    unseal_keys_public(&keys, 0, &public);
    if (!release_key_mark(&keys, mark))
        give_up("out of memory");
    pack_slice(&out, (struct slice){(const char *)public.public, sizeof public.public});
    pack_slice(&out, (struct slice){(const char *)mark, sizeof mark});
    ipc_send(RELEASE_CONTROL_FD, RELEASE_READY, buf_slice(&out), NULL, 0, true);
    explicit_bzero(room, sizeof room);
    explicit_bzero(mark, sizeof mark);
}

int main(int argc, char *argv[])
{
    struct opener_options options;
    struct epoll_event events[HEARD_AT_ONCE];
    if (!opener_options_read(argc, argv, &options))
        give_up("options are not as the parent gives them");
    opener_log("gatepost-release", &options);
    read_keys();
    int epoll = opener_watch(RELEASE_CONTROL_FD, RELEASE_OPENER_FD);
    if (epoll < 0)
        give_up(strerror(errno));
    const char *reason = opener_lock_up(&options);
    if (reason)
        give_up(reason);
    say_ready();
    for (;;) {
        int count = epoll_wait(epoll, events, HEARD_AT_ONCE, -1);
        for (int i = 0; i < count; i++)
            hear(events[i].data.fd);
    }
}
