/* SPDX-License-Identifier: ISC
 * gatepostctl metrics: as the gateway makes them, for Prometheus. */
#include "console/ask.h"
#include "console/command.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

static const char synopsis[] = "metrics [--config FILE | --control SOCKET]";

static void take(void *ctx, struct slice octets)
{
    (void)ctx;
    fwrite(octets.ptr, 1, octets.len, stdout);
}

int command_metrics(int argc, char *argv[])
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
    bool ok = ask(sock, CONTROL_METRICS, (struct slice){NULL, 0}, take, NULL, &(uint64_t){0});
    close(sock);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
