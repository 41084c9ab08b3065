/* SPDX-License-Identifier: ISC
 * gatepostctl opinions: which messages users moved into Junk, and out of it. */
#include "console/command.h"
#include "console/opined.h"
#include "console/page.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

enum { OUT_MAX = 65536 };

static const char synopsis[] = "opinions [--json] [--config FILE | --control SOCKET] [ADDRESS]";

struct showing {
    struct asking asking;
    size_t shown;
    struct buf out;
};

static void say(struct buf *out, const struct opinion *o)
{
    terminal_time(out, o->time, TO_THE_MINUTE);
    buf_printf(out, "  %s  %-8s  ", o->junk ? "junk" : "good", opinion_how_word(o->how));
    terminal_text(out, o->reference.len ? o->reference : SLICE("-"), 0);
    buf_cstr(out, "  by ");
    terminal_text(out, o->account, 0);
    buf_char(out, '\n');
}

static void take(void *ctx, const struct opinion *opinion)
{
    struct showing *showing = ctx;
    buf_clear(&showing->out);
    if (showing->asking.json) {
        opined_json(&showing->out, opinion);
        buf_char(&showing->out, '\n');
    } else {
        say(&showing->out, opinion);
    }
    struct slice text = buf_slice(&showing->out);
    fwrite(text.ptr, 1, text.len, stdout);
    showing->shown++;
}

static bool show(struct showing *showing, int sock, struct slice address)
{
    showing->out = buf_init(OUT_MAX);
    bool ok = opined_each(sock, address, take, showing);
    buf_release(&showing->out);
    if (ok && showing->shown == 0 && !showing->asking.json)
        fputs("nobody has moved anything into Junk, or out of it\n", stderr);
    return ok;
}

int command_opinions(int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS, {NULL, 0, NULL, 0}};
    struct showing showing = {.shown = 0};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!asking_option(&showing.asking, c))
            return command_usage(synopsis);
    struct slice address = optind < argc ? slice_of(argv[optind++]) : SLICE("");
    if (optind != argc)
        return command_usage(synopsis);
    int sock = ask_connect(&showing.asking);
    if (sock < 0)
        return STATUS_ERROR;
    bool ok = show(&showing, sock, address);
    close(sock);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
