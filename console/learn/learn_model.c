/* SPDX-License-Identifier: ISC */
#include "console/learn/learn_model.h"

#include "base/clock.h"
#include "common/learning.h"
#include "console/ask.h"
#include "console/command.h"
#include "console/interrupt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 30000,
    FIRST_MS = 20000, /* until there is a model */
    AGAIN_MS = 250,
};

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

static int ask_for(int sock, char reason[static ASK_REASON_MAX])
{
    int pair[2], model = -1;
    if (ipc_pair(pair) != 0) {
        snprintf(reason, ASK_REASON_MAX, "%s", strerror(errno));
        return -1;
    }
    bool asked =
        ask_giving(sock, CONTROL_MODEL, SLICE(""), pair[1], ignore, NULL, &(uint64_t){0}, reason);
    close(pair[1]); /* so that the end of who has it is seen */
    if (asked && (model = receive(pair[0])) < 0)
        snprintf(reason, ASK_REASON_MAX, "it does not give the model");
    close(pair[0]);
    return model;
}

static int complain(int model, const char *reason)
{
    if (model < 0)
        command_error("the gateway", reason);
    return model;
}

int learn_model(int sock)
{
    char reason[ASK_REASON_MAX];
    return complain(ask_for(sock, reason), reason);
}

int learn_model_awaited(int sock)
{
    char reason[ASK_REASON_MAX];
    int64_t until = clock_ms() + FIRST_MS;
    int model;
    while ((model = ask_for(sock, reason)) < 0 && strcmp(reason, LEARN_NO_MODEL) == 0 &&
           clock_ms() < until)
        poll(NULL, 0, AGAIN_MS);
    return complain(model, reason);
}
