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

enum { LINKS = 64, LINK_TEXT = 1024 };

/* A message that was told of: it was delivered and is read, or is read and was delivered. */
struct link {
    char id[64], delivery[64], message_id[LINK_TEXT], author[LINK_TEXT];
};

struct tracing {
    struct asking asking;
    struct control_find find;
    struct buf out;
    size_t found;
    uint64_t most;
    struct link links[LINKS];
    size_t link_count;
    const struct link *link; /* that is followed */
};

static void write_out(struct buf *out)
{
    struct slice text = buf_slice(out);
    fwrite(text.ptr, 1, text.len, stdout);
    buf_clear(out);
}

/* Without Message-ID there is nothing to join by. */
static void note_link(struct tracing *tracing, const struct record *r)
{
    if (tracing->link_count == LINKS || !r->message_id.len)
        return;
    struct link *link = &tracing->links[tracing->link_count];
    tracing->link_count += slice_to_text(r->id, link->id, sizeof link->id) &&
                           slice_to_text(r->delivery, link->delivery, sizeof link->delivery) &&
                           slice_to_text(r->message_id, link->message_id, LINK_TEXT) &&
                           slice_to_text(r->author, link->author, LINK_TEXT);
}

static void tell(struct tracing *tracing, const struct record *record)
{
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

static void take(void *ctx, const struct record *record)
{
    struct tracing *tracing = ctx;
    tell(tracing, record);
    note_link(tracing, record);
}

/* ---- delivered and read ---- */

/* Anybody may write a Received field: what is joined must agree in more than that. */
static bool agrees(const struct link *link, const struct record *r)
{
    return slice_eq(r->message_id, slice_of(link->message_id)) &&
           slice_ieq(r->author, slice_of(link->author));
}

static bool is_joined(const struct link *link, const struct record *r)
{
    bool came_so = *link->delivery && slice_eq(r->id, slice_of(link->delivery));
    return agrees(link, r) && (came_so || slice_eq(r->delivery, slice_of(link->id)));
}

static void take_joined(void *ctx, const struct record *record)
{
    struct tracing *tracing = ctx;
    if (is_joined(tracing->link, record))
        tell(tracing, record);
}

/* Who asks by a reference is told both stories. */
static bool follow(struct tracing *tracing, struct arena *arena)
{
    bool ok = true;
    for (size_t i = 0; ok && tracing->find.id.len && i < tracing->link_count; i++) {
        const struct link *link = tracing->link = &tracing->links[i];
        struct control_find other = {.text = slice_of(link->message_id)};
        ok = found_each(&tracing->asking, &other, tracing->most, arena, take_joined, tracing);
    }
    return ok;
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
    bool ok = arena &&
              found_each(&tracing.asking, &tracing.find, tracing.most, arena, take, &tracing) &&
              follow(&tracing, arena);
    if (ok && tracing.found == 0 && !tracing.asking.json)
        fputs("nothing is recorded that fits\n", stderr);
    arena_free(&arena);
    buf_release(&tracing.out);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
