/* SPDX-License-Identifier: ISC
 * gatepost-source: gives proxies sockets that bear the address of a client of theirs, so that the server behind
 * sees who comes. It has one capability, no files, and hears nobody but the parent and proxies. */
#include "base/child.h"
#include "base/log.h"
#include "base/process.h"
#include "base/sandbox.h"
#include "common/sourcing.h"
#include "keeper/opener_start.h"
#include "transparent/client_socket.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum {
    HEARD_AT_ONCE = 2,
    ASKED_A_TURN = 16,
    NOTHING_MOST = 100, /* in a row: the queue is closed */
};

static char inbox[IPC_PAYLOAD_MAX + 2];

static _Noreturn void give_up(const char *reason)
{
    opener_tell_failure(SOURCE_CONTROL_FD, SOURCE_FAILED, reason);
    log_at(LEVEL_ERROR, "", "gatepost-source cannot start", field_str("reason", reason));
    exit(EXIT_FAILURE);
}

static void hear_parent(void)
{
    struct ipc_message message;
    int got = ipc_recv(SOURCE_CONTROL_FD, &message, inbox, sizeof inbox, false);
    if (got < 0 || (got > 0 && message.type == SOURCE_END))
        exit(EXIT_SUCCESS);
    if (got > 0)
        ipc_close_fds(&message);
}

static void answer(const struct ipc_message *message)
{
    struct sourcing_question question;
    const char *reason = "";
    if (!sourcing_read(message, &question))
        return;
    int fd = client_socket(question.connection, question.any_port, &reason);
    sourcing_tell(question.reply, fd, reason);
    if (fd >= 0)
        close(fd);
}

static _Noreturn void go_deaf(void)
{
    ipc_send(SOURCE_CONTROL_FD, SOURCE_DEAF, SLICE(""), NULL, 0, true);
    exit(EXIT_FAILURE);
}

/* Of a packet without octets and of a socket that somebody has shut down the same is heard. */
static void hear_proxies(void)
{
    static unsigned nothing;
    struct ipc_message message;
    int got = 1;
    for (int i = 0; i < ASKED_A_TURN && got > 0; i++) {
        got = ipc_recv(SOURCE_QUEUE_FD, &message, inbox, sizeof inbox, false);
        if (got > 0) {
            nothing = 0;
            answer(&message);
            ipc_close_fds(&message);
        }
    }
    if (got < 0 && ++nothing == NOTHING_MOST)
        go_deaf();
}

static void serve(int epoll)
{
    struct epoll_event events[HEARD_AT_ONCE];
    int count = epoll_wait(epoll, events, HEARD_AT_ONCE, -1);
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == SOURCE_CONTROL_FD)
            hear_parent();
        else
            hear_proxies();
    }
}

static void lock_up(const struct opener_options *options)
{
    const char *reason, *folder = *options->chroot ? options->chroot : NULL;
    tzset();
    child_ignore_signals();
    if (!process_drop_but(options->user, folder, CAP_NET_RAW, &reason) ||
        !sandbox_enter(JAIL_SOURCE, NULL, &reason))
        give_up(reason);
}

int main(int argc, char *argv[])
{
    struct opener_options options;
    if (!opener_options_read(argc, argv, &options))
        give_up("options are not as the parent gives them");
    opener_log("gatepost-source", &options);
    int epoll = opener_watch(SOURCE_CONTROL_FD, SOURCE_QUEUE_FD);
    if (epoll < 0 || !strerror(EADDRINUSE)) /* what the C library wants for words, it has now */
        give_up(strerror(errno));
    lock_up(&options);
    ipc_send(SOURCE_CONTROL_FD, SOURCE_READY, SLICE(""), NULL, 0, true);
    for (;;)
        serve(epoll);
}
