/* SPDX-License-Identifier: ISC
 * gatepostctl quarantine release, delete, report-false, journal delete: what is to become of what is
 * held. */
#include "console/command.h"
#include "console/held.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { COPIES_MOST = 10000 /* of one message */ };

struct acting {
    struct asking asking;
    enum held_place place;
    enum held_act act;
    const char *synopsis, *done; /* done: what is said of each */
    size_t failed;
};

static void ignore(void *ctx, struct slice octets)
{
    (void)ctx, (void)octets;
}

static void act_on(struct acting *acting, int sock, uint64_t number)
{
    const struct held_name name = {acting->place, number};
    struct buf question = buf_init(64);
    held_act_pack(&question, &name, acting->act);
    if (ask(sock, CONTROL_HELD_ACT, buf_slice(&question), ignore, NULL, &(uint64_t){0}))
        printf(acting->asking.json ? "{\"number\":%" PRIu64 ",\"done\":\"%s\"}\n"
                                   : "%" PRIu64 " %s\n",
               number, acting->done);
    else
        acting->failed++;
    buf_release(&question);
}

/* All copies of a message, when it is named by its reference. */
static void act_on_word(struct acting *acting, int sock, const char *word)
{
    static uint64_t numbers[COPIES_MOST];
    size_t count;
    if (!held_numbers(sock, acting->place, word, acting->act == HELD_REPORT, numbers, COPIES_MOST,
                      &count)) {
        acting->failed++;
        return;
    }
    for (size_t i = 0; i < count; i++)
        act_on(acting, sock, numbers[i]);
}

static int run(struct acting *acting, int argc, char *argv[])
{
    static const struct option options[] = {
        ASKING_OPTIONS, {"again", no_argument, NULL, 'g'}, {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;) {
        if (c == 'g' && acting->act == HELD_RELEASE)
            acting->act = HELD_RELEASE_AGAIN;
        else if (!asking_option(&acting->asking, c))
            return command_usage(acting->synopsis);
    }
    if (optind == argc)
        return command_usage(acting->synopsis);
    int sock = ask_connect(&acting->asking);
    if (sock < 0)
        return STATUS_ERROR;
    for (; optind < argc; optind++)
        act_on_word(acting, sock, argv[optind]);
    close(sock);
    return acting->failed ? STATUS_ERROR : STATUS_FINE;
}

int command_quarantine_release(int argc, char *argv[])
{
    struct acting acting = {.act = HELD_RELEASE,
                            .done = "released",
                            .synopsis =
                                "quarantine release [--again] [--json] [--config FILE | "
                                "--control SOCKET]\n"
                                "                                       NUMBER | REFERENCE ..."};
    return run(&acting, argc, argv);
}

int command_quarantine_delete(int argc, char *argv[])
{
    struct acting acting = {.act = HELD_DELETE,
                            .done = "deleted",
                            .synopsis = "quarantine delete [--json] [--config FILE | --control "
                                        "SOCKET] NUMBER | REFERENCE ..."};
    return run(&acting, argc, argv);
}

int command_journal_delete(int argc, char *argv[])
{
    struct acting acting = {.place = HELD_IN_JOURNAL,
                            .act = HELD_DELETE,
                            .done = "deleted",
                            .synopsis = "journal delete [--json] [--config FILE | --control "
                                        "SOCKET] NUMBER | REFERENCE ..."};
    return run(&acting, argc, argv);
}

int command_quarantine_report(int argc, char *argv[])
{
    struct acting acting = {.act = HELD_REPORT,
                            .done = "reported",
                            .synopsis = "quarantine report-false [--json] [--config FILE | "
                                        "--control SOCKET]\n"
                                        "                                            NUMBER | "
                                        "REFERENCE ..."};
    return run(&acting, argc, argv);
}
