/* SPDX-License-Identifier: ISC
 * gatepostctl forget: no record tells of somebody any more. */
#include "console/ask.h"
#include "console/command.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static const char synopsis[] = "forget [--config FILE | --control SOCKET] ADDRESS";

static void take(void *ctx, struct slice octets)
{
    struct unpack in = {.left = octets};
    *(uint64_t *)ctx = unpack_u64(&in);
}

static bool forget(int sock, struct slice address, uint64_t *total)
{
    struct buf question = buf_init(IPC_PAYLOAD_MAX);
    uint64_t before = 0;
    bool ok;
    *total = 0;
    do {
        uint64_t some = 0;
        buf_clear(&question);
        pack_slice(&question, address);
        pack_u64(&question, before);
        ok = !question.failed &&
             ask(sock, CONTROL_FORGET, buf_slice(&question), take, &some, &before);
        *total += some;
    } while (ok && before);
    buf_release(&question);
    return ok;
}

int command_forget(int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS, {NULL, 0, NULL, 0}};
    struct asking asking = {.json = false};
    uint64_t total = 0;
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!asking_option(&asking, c))
            return command_usage(synopsis);
    if (optind + 1 != argc)
        return command_usage(synopsis);
    int sock = ask_connect(&asking);
    bool ok = sock >= 0 && forget(sock, slice_of(argv[optind]), &total);
    if (sock >= 0)
        close(sock);
    if (ok)
        printf("%" PRIu64 " records were taken out\n", total);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
