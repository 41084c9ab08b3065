/* SPDX-License-Identifier: ISC
 * gatepostctl: Gatepost for people. */
#include "console/command.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct subcommand {
    const char *first, *second; /* second NULL: one word */
    int (*run)(int argc, char *argv[]);
    const char *doc;
} subcommands[] = {
    {"check", NULL, command_check, "what would become of messages, and why"},
    {"probe", NULL, command_probe, "how the servers with mailboxes are, before users meet them"},
    {"selftest", NULL, command_selftest,
     "what is known to go wrong, played against the gateway and the server behind"},
    {"status", NULL, command_status, "how a running gateway does"},
    {"sessions", NULL, command_sessions, "who is connected, and what he is doing"},
    {"top", NULL, command_top, "what goes on, again and again"},
    {"metrics", NULL, command_metrics, "the same for Prometheus"},
    {"reload", NULL, command_reload, "read the configuration anew, and say what comes of it"},
    {"stats", NULL, command_stats, "how much of what there was, from the records"},
    {"trace", NULL, command_trace, "what became of messages: the records"},
    {"why", NULL, command_why, "why a message was treated so: each rule, and what it saw"},
    {"export", NULL, command_export, "all that is kept about an address"},
    {"forget", NULL, command_forget, "take out all records of an address"},
    {"quarantine", "list", command_quarantine_list, "what is held"},
    {"quarantine", "show", command_quarantine_show, "what is in it: fields, parts, text"},
    {"quarantine", "release", command_quarantine_release, "deliver what is held"},
    {"quarantine", "delete", command_quarantine_delete, "hold it no longer"},
    {"quarantine", "report-false", command_quarantine_report, "it should not have been held"},
    {"journal", "list", command_journal_list, "what the journal has"},
    {"journal", "show", command_journal_show, "what is in it"},
    {"journal", "delete", command_journal_delete, "keep it no longer"},
    {"learn", "status", command_learn_status,
     "what was learnt, and how well it tells spam from mail"},
    {"learn", "build", command_learn_build, "make a model of what is known by now"},
    {"learn", "rollback", command_learn_rollback, "judge by an older model"},
    {"learn", "forget", command_learn_forget, "learn from some messages no longer"},
    {"learn", NULL, command_learn, "learn from mail that you have: what is spam, what is not"},
    {"list", "show", command_list_show, "senders that are allowed or blocked"},
    {"list", "add", command_list_add, "allow or block a sender"},
    {"list", "remove", command_list_remove, "do so no longer"},
    {"opinions", NULL, command_opinions, "which messages users moved into Junk, and out of it"},
    {"dkim", "generate", command_dkim_generate, "make keys that mail of a domain is signed with"},
    {"dkim", "show", command_dkim_show, "what the DNS is to say of them"},
    {"dkim", "check", command_dkim_check, "whether it does"},
    {"dkim", "rotate", command_dkim_rotate, "make new keys, and say when to do what"},
    {"transparent", "rules", command_transparent_rules,
     "what leads connections to transparent listeners, and whether it is there"},
    {"policy", "check", command_policy_check,
     "is a configuration right, and when can each rule act"},
    {"policy", "explain", command_policy_explain, "why each rule holds for a message, or does not"},
    {"policy", "test", command_policy_test, "run the test blocks of a configuration"},
};

enum { SUBCOMMANDS = sizeof subcommands / sizeof *subcommands };

static void say_help(FILE *out)
{
    fputs("usage: gatepostctl SUBCOMMAND [OPTION]... [ARGUMENT]...\n", out);
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        const struct subcommand *row = &subcommands[i];
        char words[40];
        snprintf(words, sizeof words, "%s %s", row->first, row->second ? row->second : "");
        fprintf(out, "    %-23s  %s\n", words, row->doc);
    }
    fputs("See gatepostctl(1).\n", out);
}

static const struct subcommand *find(int argc, char *argv[])
{
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        const struct subcommand *row = &subcommands[i];
        if (strcmp(argv[1], row->first) == 0 &&
            (!row->second || (argc > 2 && strcmp(argv[2], row->second) == 0)))
            return row;
    }
    return NULL;
}

int main(int argc, char *argv[])
{
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("gatepostctl " GATEPOST_VERSION);
        return STATUS_FINE;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        say_help(stdout);
        return STATUS_FINE;
    }
    const struct subcommand *row = argc > 1 ? find(argc, argv) : NULL;
    if (!row) {
        say_help(stderr);
        return STATUS_ERROR;
    }
    int words = row->second ? 2 : 1;
    return row->run(argc - words, argv + words);
}
