/* SPDX-License-Identifier: ISC */
#include "parent/first_run/first_run_options.h"

#include <getopt.h>

enum {
    OPTION_TOPIC = 256,
    OPTION_FIRST_RUN = OPTION_TOPIC + TOPIC_COUNT,
    OPTION_FORCE,
    OPTION_UNCHECKED
};

void first_options_usage(FILE *out)
{
    fputs("usage: gatepost --first-run [-c FILE] [options]\n"
          "  --first-run  write a first configuration, and ask the server behind before\n"
          "  -c FILE  the configuration to write (" SYSCONFDIR "/gatepost.conf)\n"
          "  --force  replace one that is there\n"
          "  --unchecked  do not ask the server behind\n",
          out);
    for (int topic = 0; topic < TOPIC_COUNT; topic++) {
        const struct topic_words *words = topic_words((enum topic)topic);
        fprintf(out, "  --%s %s  %s\n", words->option, words->value, words->meaning);
    }
}

static bool take_topic(struct answers *answers, enum topic topic, const char *text)
{
    const char *fault = answer_take(answers, topic, text);
    if (fault)
        fprintf(stderr, "gatepost: --%s \"%s\": %s\n", topic_words(topic)->option, text, fault);
    return !fault;
}

static void list_options(struct option out[static TOPIC_COUNT + 4])
{
    int n = 0;
    for (; n < TOPIC_COUNT; n++)
        out[n] = (struct option){topic_words((enum topic)n)->option, required_argument, NULL,
                                 OPTION_TOPIC + n};
    out[n++] = (struct option){"first-run", no_argument, NULL, OPTION_FIRST_RUN};
    out[n++] = (struct option){"force", no_argument, NULL, OPTION_FORCE};
    out[n++] = (struct option){"unchecked", no_argument, NULL, OPTION_UNCHECKED};
    out[n] = (struct option){0};
}

static bool take_option(int option, struct first_options *options, struct answers *answers)
{
    if (option >= OPTION_TOPIC && option < OPTION_TOPIC + TOPIC_COUNT)
        return take_topic(answers, (enum topic)(option - OPTION_TOPIC), optarg);
    if (option == OPTION_FORCE)
        options->force = true;
    else if (option == OPTION_UNCHECKED)
        options->unchecked = true;
    else if (option == 'c' && *optarg)
        options->path = optarg;
    else if (option != OPTION_FIRST_RUN) {
        first_options_usage(stderr);
        return false;
    }
    return true;
}

bool first_options_take(int argc, char *const argv[], struct first_options *options,
                        struct answers *answers)
{
    struct option all[TOPIC_COUNT + 4];
    *options = (struct first_options){.path = SYSCONFDIR "/gatepost.conf"};
    list_options(all);
    optind = 0;
    opterr = 1;
    for (int option; (option = getopt_long(argc, argv, "+c:", all, NULL)) != -1;)
        if (!take_option(option, options, answers))
            return false;
    if (optind == argc)
        return true;
    first_options_usage(stderr);
    return false;
}
