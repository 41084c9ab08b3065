/* SPDX-License-Identifier: ISC */
#include "proxy/session/listener_asked.h"

#include <errno.h>
#include <fcntl.h>

static char inbox[IPC_PAYLOAD_MAX + 2];

int listener_asked(int queue, struct milter_client *client, int *stream)
{
    struct ipc_message message;
    int got = ipc_recv(queue, &message, inbox, sizeof inbox, false);
    if (got <= 0)
        return got;
    if (message.type == MILTER_CLIENT && message.fd_count == 1 &&
        milter_unpack_client(message.payload, client) &&
        fcntl(message.fds[0], F_SETFL, O_NONBLOCK) == 0) {
        *stream = message.fds[0];
        return 1;
    }
    ipc_close_fds(&message);
    errno = EBADMSG;
    return -1;
}
