/* SPDX-License-Identifier: ISC
 * gatepostctl quarantine show, journal show: what is held, for somebody who has to decide on it; what
 * the journal has. */
#include "console/command.h"
#include "console/held.h"
#include "console/held_content.h"
#include "console/held_show.h"
#include "console/interrupt.h"
#include "console/look.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_MAX = 64 * 1024 * 1024, OUT_MAX = 32 * 1024 * 1024, COPIES_MOST = 1000 };

struct request {
    enum held_place place;
    struct asking asking;
    const char *word;
    bool raw;
};

/* NULL, or why the content cannot be had. */
static const char *why_gone(const struct held_entry *entry)
{
    switch (entry->state) {
    case HELD_DELIVERED:
        return "it is not there any more: it was delivered";
    case HELD_DELETED:
        return "it is not there any more: it was deleted";
    case HELD_EXPIRED:
        return "it is not there any more: its time was over";
    default:
        return NULL;
    }
}

static bool get(int sock, const struct request *request, const struct held_entry *entry,
                struct arena *arena, struct held_content *content, const char **reason)
{
    const struct held_name name = {request->place, entry->number};
    *reason = why_gone(entry);
    return !*reason && held_content_open(sock, &name, arena, content, reason);
}

/* ---- as it came ---- */

static int show_raw(int sock, const struct request *request, const struct held_entry *entry,
                    struct arena *arena)
{
    struct held_content content;
    const char *reason;
    if (!get(sock, request, entry, arena, &content, &reason))
        return command_error(request->word, reason);
    bool ok = held_content_copy(&content, STDOUT_FILENO);
    int error = errno;
    held_content_close(&content);
    return ok ? STATUS_FINE : command_error("standard output", strerror(error));
}

/* ---- as it is told ---- */

static bool scan(const struct config *config, const struct held_content *content,
                 struct arena *arena, struct held_show *show)
{
    show->failure = "it is larger than limits message_size: it was not looked into";
    if (content->size > config->settings.limits_message_size)
        return false;
    int message = held_content_message(content);
    show->failure = strerror(errno);
    if (message < 0)
        return false;
    bool ok = look_at_message(config, message, arena, &show->answer, &show->failure);
    close(message);
    return ok;
}

static bool look(int sock, const struct request *request, struct arena *arena,
                 struct held_show *show)
{
    const char *file = request->asking.config ? request->asking.config : configuration_standard();
    struct configuration configuration;
    struct held_content content;
    if (!get(sock, request, &show->entry, arena, &content, &show->failure))
        return false;
    show->fields = content.request.fields;
    show->failure = "the configuration cannot be used";
    bool ok = configuration_open(file, &configuration);
    if (ok) {
        ok = scan(configuration.config, &content, arena, show);
        configuration_close(&configuration);
    }
    held_content_close(&content);
    return ok;
}

static int show_page(int sock, const struct request *request, struct arena *arena,
                     struct held_show *show)
{
    bool ok = look(sock, request, arena, show);
    if (ok)
        show->failure = NULL;
    else
        show->answer.outline = NULL;
    struct buf out = buf_init(OUT_MAX);
    (request->asking.json ? held_show_json : held_show_page)(&out, arena, show);
    struct slice text = buf_slice(&out);
    bool written = fwrite(text.ptr, 1, text.len, stdout) == text.len && fflush(stdout) == 0;
    int error = errno;
    bool whole = !out.failed;
    buf_release(&out);
    if (!written)
        return command_error("standard output", strerror(error));
    if (!whole)
        return command_error(request->word, "what there is to say is too large");
    return ok ? STATUS_FINE : command_error(request->word, show->failure);
}

/* ---- */

static bool take_options(struct request *request, int argc, char *argv[])
{
    static const struct option options[] = {
        ASKING_OPTIONS, {"raw", no_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;) {
        if (c == 'r')
            request->raw = true;
        else if (!asking_option(&request->asking, c))
            return false;
    }
    if (optind + 1 != argc || (request->raw && request->asking.json))
        return false;
    request->word = argv[optind];
    return true;
}

static int answer(int sock, const struct request *request, struct arena *arena)
{
    struct held_show show = {0};
    show.others = arena_array(arena, COPIES_MOST, sizeof *show.others);
    if (!show.others)
        return command_error(request->word, "out of memory");
    if (!held_one(sock, request->place, request->word, arena, &show.entry, show.others, COPIES_MOST,
                  &show.other_count))
        return STATUS_ERROR;
    return request->raw ? show_raw(sock, request, &show.entry, arena)
                        : show_page(sock, request, arena, &show);
}

static int show(enum held_place place, const char *synopsis, int argc, char *argv[])
{
    struct request request = {.place = place};
    if (!take_options(&request, argc, argv))
        return command_usage(synopsis);
    if (request.raw && isatty(STDOUT_FILENO))
        return command_error("--raw", "a terminal obeys what a message may hold: send it into a "
                                      "file, as in > message.eml");
    int sock = ask_connect(&request.asking);
    struct arena *arena = arena_new(ARENA_MAX);
    interrupt_catch();
    int status = sock >= 0 && arena ? answer(sock, &request, arena) : STATUS_ERROR;
    arena_free(&arena);
    if (sock >= 0)
        close(sock);
    interrupt_end();
    return status;
}

int command_quarantine_show(int argc, char *argv[])
{
    return show(HELD_IN_QUARANTINE,
                "quarantine show [--raw | --json] [--config FILE | --control SOCKET]\n"
                "                                    NUMBER | REFERENCE",
                argc, argv);
}

int command_journal_show(int argc, char *argv[])
{
    return show(HELD_IN_JOURNAL,
                "journal show [--raw | --json] [--config FILE | --control SOCKET]\n"
                "                                 NUMBER | REFERENCE",
                argc, argv);
}
