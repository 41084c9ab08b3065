/* SPDX-License-Identifier: ISC
 * gatepostctl learn rollback: an older model judges again. */
#include "console/ask.h"
#include "console/command.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

enum { DIGITS_MAX = 64 };

static const char synopsis[] = "learn rollback [--config FILE | --control SOCKET] [DIGEST]";

static void ignore(void *ctx, struct slice octets)
{
    (void)ctx, (void)octets;
}

static bool is_digest(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (hex_digit(text.ptr[i]) < 0)
            return false;
    return text.len <= DIGITS_MAX;
}

static bool roll_back(int sock, struct slice digest)
{
    char room[DIGITS_MAX + 16];
    struct buf question = buf_over(room, sizeof room);
    pack_slice(&question, digest);
    return ask(sock, CONTROL_LEARN_ROLLBACK, buf_slice(&question), ignore, NULL, &(uint64_t){0});
}

int command_learn_rollback(int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS, {NULL, 0, NULL, 0}};
    struct asking asking = {.json = false};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!asking_option(&asking, c))
            return command_usage(synopsis);
    struct slice digest = slice_of(optind < argc ? argv[optind++] : "");
    if (optind != argc || !is_digest(digest))
        return command_usage(synopsis);
    int sock = ask_connect(&asking);
    bool ok = sock >= 0 && roll_back(sock, digest);
    if (sock >= 0)
        close(sock);
    if (ok)
        puts(digest.len ? "that model is used, until the next one is made"
                        : "the model before is used, until the next one is made");
    return ok ? STATUS_FINE : STATUS_ERROR;
}
