/* SPDX-License-Identifier: ISC
 * gatepostctl quarantine list, journal list: what is held, what the journal has. */
#include "console/command.h"
#include "console/held.h"
#include "console/held_page.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

enum { OUT_MAX = 1024 * 1024, MOST = 100, MOST_MOST = 1000000000 };

struct listing {
    struct asking asking;
    struct held_query query;
    struct buf out;
    uint64_t most;
    size_t found;
};

static void take(void *ctx, const struct held_entry *entry)
{
    struct listing *listing = ctx;
    buf_clear(&listing->out);
    if (listing->found++ && !listing->asking.json)
        buf_char(&listing->out, '\n');
    if (listing->asking.json) {
        held_json(&listing->out, entry);
        buf_cstr(&listing->out, "}\n");
    } else {
        held_page(&listing->out, entry);
    }
    struct slice text = buf_slice(&listing->out);
    fwrite(text.ptr, 1, text.len, stdout);
}

static bool take_option(struct listing *listing, int letter)
{
    switch (letter) {
    case 'A':
        listing->query.all = true;
        return true;
    case 'w':
        listing->query.why = slice_of(optarg);
        return true;
    case 'm':
        return slice_to_u64(slice_of(optarg), MOST_MOST, &listing->most);
    default:
        return asking_option(&listing->asking, letter);
    }
}

static bool take_options(struct listing *listing, int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS,
                                            {"all", no_argument, NULL, 'A'},
                                            {"why", required_argument, NULL, 'w'},
                                            {"most", required_argument, NULL, 'm'},
                                            {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!take_option(listing, c))
            return false;
    if (optind < argc)
        held_by(&listing->query, argv[optind++]);
    return optind == argc;
}

static int list(enum held_place place, const char *synopsis, const char *nothing, int argc,
                char *argv[])
{
    struct listing listing = {.query.place = place, .most = MOST, .out = buf_init(OUT_MAX)};
    if (!take_options(&listing, argc, argv))
        return command_usage(synopsis);
    int sock = ask_connect(&listing.asking);
    bool ok = sock >= 0 && held_each(sock, &listing.query, listing.most, take, &listing);
    if (sock >= 0)
        close(sock);
    if (ok && listing.found == 0 && !listing.asking.json)
        fputs(nothing, stderr);
    buf_release(&listing.out);
    return ok ? STATUS_FINE : STATUS_ERROR;
}

int command_quarantine_list(int argc, char *argv[])
{
    return list(HELD_IN_QUARANTINE,
                "quarantine list [--all] [--why WORD] [--most N] [--json]\n"
                "                                    [--config FILE | --control SOCKET]\n"
                "                                    [NUMBER | REFERENCE | ADDRESS | WORDS]",
                "nothing is held that fits\n", argc, argv);
}

int command_journal_list(int argc, char *argv[])
{
    return list(HELD_IN_JOURNAL,
                "journal list [--all] [--most N] [--json] [--config FILE | --control SOCKET]\n"
                "                                 [NUMBER | REFERENCE | ADDRESS | WORDS]",
                "the journal has nothing that fits\n", argc, argv);
}
