/* SPDX-License-Identifier: ISC
 * gatepostctl status: how a running gateway does. */
#include "console/ask.h"
#include "console/command.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

static const char synopsis[] = "status [--config FILE | --control SOCKET]";

static void tell(void *ctx, struct slice octets)
{
    (void)ctx;
    fwrite(octets.ptr, 1, octets.len, stdout);
    putchar('\n');
}

int command_status(int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS, {NULL, 0, NULL, 0}};
    struct asking asking = {.json = false};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!asking_option(&asking, c))
            return command_usage(synopsis);
    if (optind != argc)
        return command_usage(synopsis);
    int sock = ask_connect(&asking);
    if (sock < 0)
        return STATUS_ERROR;
    bool ok = ask(sock, CONTROL_STATUS, (struct slice){NULL, 0}, tell, NULL);
    close(sock);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
