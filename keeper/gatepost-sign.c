/* SPDX-License-Identifier: ISC
 * gatepost-sign: the one process that has the keys which mail is signed with (DKIM). The parent
 * gives it the keys, proxies ask it to sign digests. It has no files, no network, and sees no mail. */
#include "base/clock.h"
#include "base/log.h"
#include "common/signing.h"
#include "keeper/opener_start.h"
#include "keeper/signing_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    HEARD_AT_ONCE = 2,
    NOTHING_MOST = 100, /* in a row: the queue is closed */
};

static struct signing_keys *keys;
static char inbox[IPC_PAYLOAD_MAX + 2];

static _Noreturn void give_up(const char *reason)
{
    opener_tell_failure(SIGNER_CONTROL_FD, SIGNER_FAILED, reason);
    log_at(LEVEL_ERROR, "", "gatepost-sign cannot start", field_str("reason", reason));
    exit(EXIT_FAILURE);
}

static _Noreturn void end(void)
{
    signing_keys_free(&keys);
    exit(EXIT_SUCCESS);
}

static void take_keys(const struct ipc_message *message)
{
    const char *fault = message->fd_count == 1 ? signing_keys_add(&keys, message->fds[0]) : NULL;
    if (fault)
        log_at(LEVEL_ERROR, "", "keys for signing are not all there", field_str("reason", fault));
}

static void hear_parent(void)
{
    struct ipc_message message;
    int got = ipc_recv(SIGNER_CONTROL_FD, &message, inbox, sizeof inbox, false);
    if (got < 0 || (got > 0 && message.type == SIGNER_END))
        end();
    if (got == 0)
        return;
    if (message.type == SIGNER_KEYS)
        take_keys(&message);
    else if (message.type == SIGNER_FORGET)
        signing_keys_forget(keys);
    ipc_close_fds(&message);
}

static void answer(const struct ipc_message *message)
{
    static struct signing_answer answer;
    struct signing_question question;
    if (!signing_read(message, &question) || question.deadline <= clock_ms())
        return;
    signing_keys_answer(keys, &question, &answer);
    if (answer.reason)
        log_at(LEVEL_ERROR, "", "mail cannot be signed",
               field_text("domain", question.wishes[0].domain), field_str("reason", answer.reason));
    signing_tell(message->fds[0], &answer);
}

static _Noreturn void go_deaf(void)
{
    ipc_send(SIGNER_CONTROL_FD, SIGNER_DEAF, SLICE(""), NULL, 0, true);
    signing_keys_free(&keys);
    exit(EXIT_FAILURE);
}

/* Of a packet without octets and of a socket that somebody has shut down the same is heard. */
static void hear_proxies(void)
{
    static unsigned nothing;
    struct ipc_message message;
    int got = ipc_recv(SIGNER_QUEUE_FD, &message, inbox, sizeof inbox, false);
    if (got < 0 && ++nothing == NOTHING_MOST)
        go_deaf();
    if (got <= 0)
        return;
    nothing = 0;
    answer(&message);
    ipc_close_fds(&message);
}

/* What the parent says goes first: keys come before what is asked of them. */
static void serve(int epoll)
{
    struct epoll_event events[HEARD_AT_ONCE];
    int count = epoll_wait(epoll, events, HEARD_AT_ONCE, -1);
    bool parent = false;
    for (int i = 0; i < count; i++)
        parent |= events[i].data.fd == SIGNER_CONTROL_FD;
    if (parent)
        hear_parent();
    else if (count > 0)
        hear_proxies();
}

int main(int argc, char *argv[])
{
    struct opener_options options;
    if (!opener_options_read(argc, argv, &options))
        give_up("options are not as the parent gives them");
    opener_log("gatepost-sign", &options);
    if (!signing_keys_warm_up())
        give_up("libcrypto has not what is needed to sign");
    int epoll = opener_watch(SIGNER_CONTROL_FD, SIGNER_QUEUE_FD);
    if (epoll < 0)
        give_up(strerror(errno));
    const char *reason = opener_lock_up(&options);
    if (reason)
        give_up(reason);
    ipc_send(SIGNER_CONTROL_FD, SIGNER_READY, SLICE(""), NULL, 0, true);
    for (;;)
        serve(epoll);
}
