/* SPDX-License-Identifier: ISC
 * gatepostctl trace: what became of messages. */
#include "console/command.h"
#include "console/found.h"
#include "console/story.h"

#include <getopt.h>
#include <stdio.h>

enum {
    OUT_MAX = 16 * 1024 * 1024,
    ARENA_MAX = 8 * 1024 * 1024,
    MOST = 100,
    MOST_MOST = 1000000000
};

static const char synopsis[] = "trace [--since TIME] [--until TIME] [--verdict WORD] [--client "
                               "ADDRESS] [--rule NAME] [--most N]\n                         "
                               "[--json] [--config FILE | --control SOCKET] [REFERENCE | ADDRESS | "
                               "MESSAGE-ID | WORDS]";

struct tracing {
    struct asking asking;
    struct control_find find;
    struct buf out;
    size_t found;
    uint64_t most;
};

static void write_out(struct buf *out)
{
    struct slice text = buf_slice(out);
    fwrite(text.ptr, 1, text.len, stdout);
    buf_clear(out);
}

static void tell(void *ctx, const struct record *record)
{
    struct tracing *tracing = ctx;
    struct page page = {.out = &tracing->out, .terminal = terminal_of_output()};
    if (tracing->asking.json) {
        record_json(&tracing->out, record);
        buf_char(&tracing->out, '\n');
    } else {
        if (tracing->found)
            buf_char(&tracing->out, '\n');
        story_tell(&page, record);
    }
    tracing->found++;
    write_out(&tracing->out);
}

static bool take_option(struct tracing *tracing, int letter)
{
    if (letter == 'm')
        return slice_to_u64(slice_of(optarg), MOST_MOST, &tracing->most);
    return found_option(&tracing->find, letter) || asking_option(&tracing->asking, letter);
}

static bool take_options(struct tracing *tracing, int argc, char *argv[])
{
    static const struct option options[] = {
        FOUND_OPTIONS, ASKING_OPTIONS, {"most", required_argument, NULL, 'm'}, {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!take_option(tracing, c))
            return false;
    if (optind < argc)
        found_by(&tracing->find, argv[optind++]);
    return optind == argc;
}

int command_trace(int argc, char *argv[])
{
    struct tracing tracing = {.most = MOST, .out = buf_init(OUT_MAX)};
    if (!take_options(&tracing, argc, argv))
        return command_usage(synopsis);
    struct arena *arena = arena_new(ARENA_MAX);
    bool ok =
        arena && found_each(&tracing.asking, &tracing.find, tracing.most, arena, tell, &tracing);
    if (ok && tracing.found == 0 && !tracing.asking.json)
        fputs("nothing is recorded that fits\n", stderr);
    arena_free(&arena);
    buf_release(&tracing.out);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
