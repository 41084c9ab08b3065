/* SPDX-License-Identifier: ISC */
#include "console/learn/learn_model.h"

#include "console/ask.h"
#include "console/command.h"
#include "console/interrupt.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000 };

static void ignore(void *ctx, struct slice octets)
{
    (void)ctx, (void)octets;
}

static bool wait_for(int reply)
{
    struct pollfd fd = {.fd = reply, .events = POLLIN};
    return interrupt_poll(&fd, 1, PATIENCE_MS) > 0;
}

static int receive(int reply)
{
    static char inbox[IPC_PAYLOAD_MAX + 2];
    struct ipc_message message;
    if (!wait_for(reply) || ipc_recv(reply, &message, inbox, sizeof inbox, false) <= 0)
        return -1;
    if (message.type == CONTROL_MODEL && message.fd_count == 1)
        return message.fds[0];
    ipc_close_fds(&message);
    return -1;
}

int learn_model(int sock)
{
    char reason[ASK_REASON_MAX];
    int pair[2], model = -1;
    if (ipc_pair(pair) != 0)
        return command_error("the model", strerror(errno)), -1;
    bool asked =
        ask_giving(sock, CONTROL_MODEL, SLICE(""), pair[1], ignore, NULL, &(uint64_t){0}, reason);
    close(pair[1]); /* so that the end of who has it is seen */
    if (asked)
        model = receive(pair[0]);
    close(pair[0]);
    if (!asked)
        command_error("the gateway", reason);
    else if (model < 0)
        command_error("the gateway", "it does not give the model");
    return model;
}
