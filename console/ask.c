/* SPDX-License-Identifier: ISC */
#include "console/ask.h"

#include "console/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE = 30 /* seconds for an answer */ };

static const char standard[] = "/run/gatepost/control";

bool asking_option(struct asking *asking, int letter)
{
    switch (letter) {
    case 'c':
        asking->config = optarg;
        return true;
    case 'C':
        asking->control = optarg;
        return true;
    case 'j':
        asking->json = true;
        return true;
    }
    return false;
}

/* False: what is wrong was said. */
static bool find_socket(const struct asking *asking, char path[static PATH_MAX])
{
    const char *file = asking->config ? asking->config : configuration_standard();
    struct configuration configuration;
    struct slice name = slice_of(asking->control ? asking->control : standard);
    bool reads = !asking->control && file;
    if (reads && !configuration_open(file, &configuration))
        return false;
    if (reads)
        name = configuration.config->settings.keeper_control;
    bool ok = slice_to_path(name, path);
    if (reads)
        configuration_close(&configuration);
    return ok || command_error("control socket", strerror(errno)) == STATUS_FINE;
}

static int connect_to(const char *path, char reason[static ASK_REASON_MAX])
{
    int sock = control_connect(path);
    struct timeval patience = {PATIENCE, 0};
    if (sock >= 0)
        setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    else
        snprintf(reason, ASK_REASON_MAX, "%s",
                 errno == ENOENT || errno == ECONNREFUSED
                     ? "no gateway that keeps records is running"
                     : strerror(errno));
    return sock;
}

int ask_connect_to(struct slice name, char reason[static ASK_REASON_MAX])
{
    char path[PATH_MAX];
    if (slice_to_path(name, path))
        return connect_to(path, reason);
    snprintf(reason, ASK_REASON_MAX, "%s", strerror(errno));
    return -1;
}

int ask_connect(const struct asking *asking)
{
    char path[PATH_MAX], reason[ASK_REASON_MAX];
    if (!find_socket(asking, path))
        return -1;
    int sock = connect_to(path, reason);
    if (sock < 0)
        command_error(path, reason);
    return sock;
}

static bool is_over(const struct ipc_message *answer, bool *fine, uint64_t *before,
                    char reason[static ASK_REASON_MAX])
{
    struct unpack in = {.left = answer->payload};
    if (answer->type != CONTROL_END)
        return false;
    *fine = unpack_u8(&in) == 1;
    struct slice said = unpack_slice(&in);
    *before = unpack_u64(&in);
    snprintf(reason, ASK_REASON_MAX, "%.*s", SLICE_ARGS(slice_sub(said, 0, ASK_REASON_MAX - 1)));
    return true;
}

/* Who has hung up has mostly said why, but that our question was left unread is told first. */
static int hear(int sock, struct ipc_message *answer, char *inbox, size_t size)
{
    int got = ipc_recv(sock, answer, inbox, size, true);
    return got < 0 && errno == ECONNRESET ? ipc_recv(sock, answer, inbox, size, true) : got;
}

bool ask_giving(int sock, enum control_message question, struct slice payload, int fd,
                void (*take)(void *ctx, struct slice octets), void *ctx, uint64_t *before,
                char reason[static ASK_REASON_MAX])
{
    static char inbox[IPC_PAYLOAD_MAX + 2];
    struct ipc_message answer;
    bool fine = false;
    if (ipc_send(sock, (uint16_t)question, payload, &fd, fd >= 0, true) <= 0 && errno != EPIPE) {
        snprintf(reason, ASK_REASON_MAX, "%s", strerror(errno));
        return false;
    }
    for (;;) {
        if (hear(sock, &answer, inbox, sizeof inbox) <= 0) {
            snprintf(reason, ASK_REASON_MAX, "it hung up");
            return false;
        }
        ipc_close_fds(&answer);
        if (is_over(&answer, &fine, before, reason))
            return fine;
        take(ctx, answer.payload);
    }
}

bool ask(int sock, enum control_message question, struct slice payload,
         void (*take)(void *ctx, struct slice octets), void *ctx, uint64_t *before)
{
    char reason[ASK_REASON_MAX];
    bool fine = ask_giving(sock, question, payload, -1, take, ctx, before, reason);
    if (!fine)
        command_error("the gateway", reason);
    return fine;
}
