/* SPDX-License-Identifier: ISC
 * gatepostctl list: senders that people allow or block. */
#include "console/command.h"
#include "console/listed.h"
#include "console/page.h"
#include "policy/recipients.h"
#include "policy/spelling.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ARENA_MAX = 65536, OUT_MAX = 65536, DAYS_MOST = 36500 };

static const char show_synopsis[] =
    "list show [allowed | blocked] [--json] [--config FILE | --control SOCKET]",
                  add_synopsis[] =
                      "list add allowed | blocked SENDER [--for ADDRESS | DOMAIN] [--reason TEXT]\n"
                      "                            [--days N] [--config FILE | --control SOCKET]",
                  remove_synopsis[] = "list remove [--config FILE | --control SOCKET] NUMBER ...";

static bool read_kind(const char *word, enum list_kind *kind)
{
    *kind = strcmp(word, list_word(LIST_BLOCKED)) == 0 ? LIST_BLOCKED : LIST_ALLOWED;
    return strcmp(word, list_word(*kind)) == 0;
}

/* ---- show ---- */

struct showing {
    struct asking asking;
    bool all;
    enum list_kind kind;
    size_t shown;
    struct buf out;
};

static void say_entry(struct buf *out, const struct list_entry *e)
{
    buf_printf(out, "%" PRIu64 "  %s  ", e->number, list_word(e->kind));
    terminal_text(out, e->sender, 0);
    buf_cstr(out, "  for ");
    terminal_text(out, e->scope.len ? e->scope : SLICE("everybody"), 0);
    buf_cstr(out, "  since ");
    terminal_time(out, e->added, TO_THE_DAY);
    buf_cstr(out, " by ");
    terminal_text(out, e->author, 0);
    if (e->until) {
        buf_cstr(out, " until ");
        terminal_time(out, e->until, TO_THE_DAY);
    }
    if (e->reason.len) {
        buf_cstr(out, ": ");
        terminal_text(out, e->reason, 0);
    }
    buf_char(out, '\n');
}

static void take(void *ctx, const struct list_entry *entry)
{
    struct showing *showing = ctx;
    if (!showing->all && entry->kind != showing->kind)
        return;
    buf_clear(&showing->out);
    if (showing->asking.json) {
        listed_json(&showing->out, entry);
        buf_char(&showing->out, '\n');
    } else {
        say_entry(&showing->out, entry);
    }
    struct slice text = buf_slice(&showing->out);
    fwrite(text.ptr, 1, text.len, stdout);
    showing->shown++;
}

static bool show(struct showing *showing, int sock)
{
    if (!listed_each(sock, take, showing))
        return false;
    if (showing->shown == 0 && !showing->asking.json)
        fputs("nothing is listed\n", stderr);
    return true;
}

int command_list_show(int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS, {NULL, 0, NULL, 0}};
    struct showing showing = {.all = true};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!asking_option(&showing.asking, c))
            return command_usage(show_synopsis);
    if (optind < argc) {
        showing.all = false;
        if (!read_kind(argv[optind++], &showing.kind))
            return command_usage(show_synopsis);
    }
    if (optind != argc)
        return command_usage(show_synopsis);
    int sock = ask_connect(&showing.asking);
    if (sock < 0)
        return STATUS_ERROR;
    showing.out = buf_init(OUT_MAX);
    bool ok = show(&showing, sock);
    buf_release(&showing.out);
    close(sock);
    return ok ? STATUS_FINE : STATUS_ERROR;
}

/* ---- add ---- */

static void ignore(void *ctx, struct slice octets)
{
    (void)ctx, (void)octets;
}

/* In the one spelling, small letters. False: it is none, and that was said. */
static bool read_name(struct arena *arena, const char *word, struct slice *out)
{
    struct slice text = slice_of(word);
    bool address = strchr(word, '@') != NULL, below = strncmp(word, "*.", 2) == 0;
    struct slice entry = address || below ? text : arena_printf(arena, "@%s", word);
    const char *fault = entry.ptr ? recipient_fault(entry) : "out of memory";
    if (fault || text.len > LIST_TEXT_MOST || (address && *word == '@')) {
        command_error(word,
                      fault ? fault : "expected user@example.com, example.com or *.example.com");
        return false;
    }
    struct slice spelled = spell_entry(arena, text);
    char *small = spelled.ptr ? arena_cstr(arena, spelled) : NULL;
    for (size_t i = 0; small && i < spelled.len; i++)
        small[i] = ascii_lower(small[i]);
    *out = (struct slice){small, spelled.len};
    return small != NULL;
}

static bool send_entry(const struct asking *asking, const struct list_entry *entry)
{
    struct buf payload = buf_init(IPC_PAYLOAD_MAX);
    int sock = ask_connect(asking);
    list_entry_pack(&payload, entry);
    bool ok = sock >= 0 && !payload.failed &&
              ask(sock, CONTROL_LIST_ADD, buf_slice(&payload), ignore, NULL, &(uint64_t){0});
    if (sock >= 0)
        close(sock);
    buf_release(&payload);
    return ok;
}

struct adding {
    struct asking asking;
    struct list_entry entry;
    const char *scope;
};

static bool add_option(struct adding *adding, int letter)
{
    uint64_t days;
    switch (letter) {
    case 'f':
        adding->scope = optarg;
        return true;
    case 'r':
        adding->entry.reason = slice_of(optarg);
        return adding->entry.reason.len <= LIST_REASON_MOST;
    case 'd':
        if (!slice_to_u64(slice_of(optarg), DAYS_MOST, &days) || days == 0)
            return false;
        adding->entry.until = (int64_t)time(NULL) + (int64_t)days * 86400;
        return true;
    default:
        return asking_option(&adding->asking, letter);
    }
}

static bool add_options(struct adding *adding, int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS,
                                            {"for", required_argument, NULL, 'f'},
                                            {"reason", required_argument, NULL, 'r'},
                                            {"days", required_argument, NULL, 'd'},
                                            {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!add_option(adding, c))
            return false;
    return optind + 2 == argc && read_kind(argv[optind], &adding->entry.kind);
}

int command_list_add(int argc, char *argv[])
{
    struct adding adding = {.scope = NULL};
    if (!add_options(&adding, argc, argv))
        return command_usage(add_synopsis);
    struct arena *arena = arena_new(ARENA_MAX);
    bool ok = arena && read_name(arena, argv[optind + 1], &adding.entry.sender) &&
              (!adding.scope || read_name(arena, adding.scope, &adding.entry.scope)) &&
              send_entry(&adding.asking, &adding.entry);
    arena_free(&arena);
    return ok ? STATUS_FINE : STATUS_ERROR;
}

/* ---- remove ---- */

static bool remove_one(int sock, const char *word)
{
    uint64_t number;
    if (slice_to_u64(slice_of(word), INT64_MAX, &number))
        return listed_remove(sock, number);
    command_error(word, "expected a number, as list show tells it");
    return false;
}

int command_list_remove(int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS, {NULL, 0, NULL, 0}};
    struct asking asking = {.json = false};
    bool ok = true;
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!asking_option(&asking, c))
            return command_usage(remove_synopsis);
    if (optind == argc)
        return command_usage(remove_synopsis);
    int sock = ask_connect(&asking);
    if (sock < 0)
        return STATUS_ERROR;
    for (; optind < argc; optind++)
        ok = remove_one(sock, argv[optind]) && ok;
    close(sock);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
