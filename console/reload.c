/* SPDX-License-Identifier: ISC
 * gatepostctl reload: the gateway reads its configuration anew, and says what comes of it. */
#include "console/ask.h"
#include "console/command.h"

#include "common/keeping.h"

#include <getopt.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE = 120 /* seconds: new proxies are started */ };

static const char synopsis[] =
    "reload [--accept-shrink TABLE]... [--config FILE | --control SOCKET]";

static void take(void *ctx, struct slice lines)
{
    (void)ctx;
    fwrite(lines.ptr, 1, lines.len, stderr);
}

static bool reload(int sock, struct slice accepted)
{
    struct timeval patience = {PATIENCE, 0};
    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return ask(sock, CONTROL_RELOAD, accepted, take, NULL, &(uint64_t){0});
}

static bool read_options(int argc, char *argv[], struct asking *asking, struct buf *accepted)
{
    static const struct option options[] = {
        ASKING_OPTIONS, {"accept-shrink", required_argument, NULL, 'a'}, {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;) {
        if (c == 'a')
            pack_slice(accepted, slice_of(optarg));
        else if (!asking_option(asking, c))
            return false;
    }
    return optind == argc && !accepted->failed;
}

int command_reload(int argc, char *argv[])
{
    struct asking asking = {.json = false};
    struct buf accepted = buf_init(KEEPER_RELOAD_MAX);
    if (!read_options(argc, argv, &asking, &accepted)) {
        buf_release(&accepted);
        return command_usage(synopsis);
    }
    int sock = ask_connect(&asking);
    bool ok = sock >= 0 && reload(sock, buf_slice(&accepted));
    if (sock >= 0)
        close(sock);
    buf_release(&accepted);
    if (ok)
        puts("the configuration was read anew, and serves");
    return ok ? STATUS_FINE : STATUS_ERROR;
}
