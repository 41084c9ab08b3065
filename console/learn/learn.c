/* SPDX-License-Identifier: ISC
 * gatepostctl learn: from mail that is there, what is spam and what is not. */
#include "console/command.h"
#include "console/interrupt.h"
#include "console/learn/learn_build.h"
#include "console/learn/learn_model.h"
#include "console/learn/learn_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static const char synopsis[] =
    "learn [--ham PATH...] [--spam PATH...] [--password-file FILE] [--json]\n"
    "                         [--config FILE | --control SOCKET]\n"
    "       gatepostctl learn status | build | rollback | forget";

/* ---- what became of it ---- */

static void say_if(uint64_t count, const char *words)
{
    if (count)
        printf("%" PRIu64 " %s\n", count, words);
}

static void say(const struct learn_counts *counts)
{
    printf("%" PRIu64 " messages read: %" PRIu64 " good, %" PRIu64 " spam\n",
           counts->read[LABEL_GOOD] + counts->read[LABEL_SPAM], counts->read[LABEL_GOOD],
           counts->read[LABEL_SPAM]);
    say_if(counts->new, "are new");
    say_if(counts->known, "were known already");
    say_if(counts->changed, "were known as the opposite, which is changed");
    say_if(counts->too_large, "were skipped: larger than limits message_size");
    say_if(counts->unread, "could not be read");
    say_if(counts->unlooked, "could not be looked into");
}

static void say_json(const struct learn_counts *counts, json_t *outcome)
{
    json_t *all = json_pack(
        "{s:{s:I,s:I},s:I,s:I,s:I,s:I,s:I,s:I,s:O?}", "read", "good",
        (json_int_t)counts->read[LABEL_GOOD], "spam", (json_int_t)counts->read[LABEL_SPAM], "new",
        (json_int_t)counts->new, "known", (json_int_t)counts->known, "changed",
        (json_int_t)counts->changed, "too_large", (json_int_t)counts->too_large, "unread",
        (json_int_t)counts->unread, "not_examined", (json_int_t)counts->unlooked, "build", outcome);
    if (all)
        json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(all);
}

static void say_interrupted(const struct learn_counts *counts)
{
    fprintf(stderr,
            "gatepostctl: interrupted: the gateway has %" PRIu64
            " of these messages, which stay; `gatepostctl learn build` learns from them, and the "
            "same command goes on\n",
            counts->sent);
}

/* ---- the command ---- */

/* Where nothing came of the mail that was named, a model is not what was asked for. */
static bool deserves_a_model(const struct learn_counts *counts, bool all_read)
{
    return counts->sent > 0 || (all_read && counts->unread + counts->unlooked == 0);
}

static int finish(const struct learn_options *options, int sock, const struct learn_counts *counts,
                  bool all_read)
{
    if (!options->asking.json)
        say(counts);
    fflush(stdout);
    json_t *outcome = deserves_a_model(counts, all_read) ? learn_have_built(sock) : NULL;
    if (options->asking.json)
        say_json(counts, outcome);
    else if (outcome)
        learn_build_say(outcome);
    bool well = all_read && outcome && learn_build_is_well(outcome);
    json_decref(outcome);
    return well ? STATUS_FINE : STATUS_ERROR;
}

static int read_all(const struct learn_options *options, const struct config *config, int sock,
                    int model)
{
    struct learn_sources sources;
    struct learn_counts counts = {.sent = 0};
    bool opened =
        learn_sources_open(&sources, options, config, config->settings.limits_message_size);
    interrupt_catch();
    bool all_read = opened && learn_run(&sources, config, model, sock, &counts);
    learn_sources_close(&sources);
    if (!opened)
        return STATUS_ERROR;
    if (interrupt_came()) {
        say_interrupted(&counts);
        interrupt_end();
    }
    interrupt_let();
    return finish(options, sock, &counts, all_read);
}

/* Whoever names the socket knows more than a configuration that happens to be here. */
static bool is_on(const struct learn_options *options, const struct configuration *configuration)
{
    return options->asking.control || !configuration->path ||
           configuration->config->settings.learn_enabled;
}

static int learn(const struct learn_options *options, const struct configuration *configuration)
{
    if (!is_on(options, configuration))
        return command_error(configuration->path,
                             "learning is off: `learn { enabled on }` would let the gateway learn");
    int sock = ask_connect(&options->asking);
    int model = sock >= 0 ? learn_model_awaited(sock) : -1;
    int status = model >= 0 ? read_all(options, configuration->config, sock, model) : STATUS_ERROR;
    if (model >= 0)
        close(model);
    if (sock >= 0)
        close(sock);
    return status;
}

static int with_configuration(const struct learn_options *options)
{
    const char *path = options->asking.config ? options->asking.config : configuration_standard();
    struct configuration configuration;
    if (!configuration_open(path, &configuration))
        return STATUS_ERROR;
    int status = learn(options, &configuration);
    configuration_close(&configuration);
    return status;
}

int command_learn(int argc, char *argv[])
{
    struct learn_options options;
    int status = learn_options_parse(argc, argv, &options) ? with_configuration(&options)
                                                           : command_usage(synopsis);
    learn_options_free(&options);
    return status;
}
