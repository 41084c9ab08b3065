/* SPDX-License-Identifier: ISC
 * gatepostctl selftest: what is known to go wrong with mail servers, played against the gateway and
 * the server behind it. */
#include "console/selftest/selftest.h"

#include "console/command.h"
#include "console/configuration.h"

#include <getopt.h>
#include <stdio.h>
#include <sys/random.h>

enum { ARENA_MAX = 16 * 1024 * 1024, FLAGS_MAX = 16, PATIENCE_S = 10, PATIENCE_MAX_S = 600 };

enum { SELFTEST_GOOD, SELFTEST_WARNING, SELFTEST_BAD, SELFTEST_NOT_RUN }; /* the exit status */

static const char synopsis[] = "selftest [--recipient ADDRESS [--sender ADDRESS]] [--config FILE]\n"
                               "           [--gateway HOST:PORT]... [--server HOST:PORT]...\n"
                               "           [--timeout SECONDS] [--json]";

struct options {
    const char *config, *recipient, *sender;
    const char *gateways[FLAGS_MAX], *servers[FLAGS_MAX];
    size_t gateway_count, server_count;
    uint64_t patience;
    bool json;
};

/* ---- options ---- */

static bool take_place(const char **places, size_t *count)
{
    if (*count == FLAGS_MAX)
        return false;
    places[(*count)++] = optarg;
    return true;
}

/* An address that needs no care in SMTP. */
static bool is_address(const char *text)
{
    struct slice local, domain, all = slice_of(text);
    bool ok = slice_cut(all, '@', &local, &domain) && local.len && domain.len && all.len <= 254;
    for (size_t i = 0; ok && i < all.len; i++)
        ok = (unsigned char)text[i] > ' ' && (unsigned char)text[i] < 0x7f && text[i] != '<' &&
             text[i] != '>' && text[i] != '"';
    return ok || (command_error(text, "expected an address"), false);
}

static bool take(int option, struct options *out)
{
    switch (option) {
    case 'c':
        out->config = optarg;
        return true;
    case 'r':
        out->recipient = optarg;
        return is_address(optarg);
    case 'f':
        out->sender = optarg;
        return is_address(optarg);
    case 'g':
        return take_place(out->gateways, &out->gateway_count);
    case 's':
        return take_place(out->servers, &out->server_count);
    case 't':
        return slice_to_u64(slice_of(optarg), PATIENCE_MAX_S, &out->patience) && out->patience;
    case 'j':
        out->json = true;
        return true;
    default:
        return false;
    }
}

static bool read_options(int argc, char *argv[], struct options *out)
{
    static const struct option words[] = {
        {"config", required_argument, NULL, 'c'}, {"recipient", required_argument, NULL, 'r'},
        {"sender", required_argument, NULL, 'f'}, {"gateway", required_argument, NULL, 'g'},
        {"server", required_argument, NULL, 's'}, {"timeout", required_argument, NULL, 't'},
        {"json", no_argument, NULL, 'j'},         {NULL, 0, NULL, 0}};
    *out = (struct options){.patience = PATIENCE_S, .config = configuration_standard()};
    for (int c; (c = getopt_long(argc, argv, "c:", words, NULL)) != -1;)
        if (!take(c, out))
            return false;
    return optind == argc;
}

/* ---- playing ---- */

void play_note(struct play *play, enum grade grade, const char *format, ...)
{
    struct finding *finding = play->finding;
    va_list args;
    va_start(args, format);
    struct slice text = arena_vprintf(play->run->arena, format, args);
    va_end(args);
    if (finding->note_count < NOTES_MAX && text.ptr)
        finding->notes[finding->note_count++] = (struct note){grade, text};
    if (finding->grade < grade)
        finding->grade = grade;
}

static bool concerns(const struct test *test, const struct target *target)
{
    bool of_strangers = test->run == selftest_relay || test->run == selftest_unknown;
    bool of_mail = of_strangers || test->sends || test->run == selftest_postmaster;
    return test->sides & target->side && test->protocols & 1U << target->protocol &&
           !(target->outbound && of_strangers) && !(target->submission && of_mail) &&
           !(test->plain && target->implicit_tls);
}

/* False: nobody is there. */
static bool play_test(struct play *play, const struct test *test)
{
    *play->finding = (struct finding){.test = test};
    if (test->sends && !play->run->recipient.len)
        play_note(play, GRADE_UNTRIED, "give --recipient");
    else
        test->run(play);
    arena_reset(play->run->scratch);
    play->run->grades[play->finding->grade]++;
    return test != selftests || play->finding->grade != GRADE_BAD;
}

static void play_against(struct selftest *run, const struct target *target, bool json)
{
    struct finding *findings = arena_array(run->arena, selftest_count, sizeof *findings);
    struct play play = {.run = run, .target = target};
    size_t count = 0;
    bool there = findings != NULL;
    for (size_t i = 0; there && i < selftest_count; i++) {
        if (!concerns(&selftests[i], target))
            continue;
        play.finding = &findings[count++];
        there = play_test(&play, &selftests[i]);
    }
    (json ? selftest_json : selftest_words)(run, target, findings, count);
}

static int status_of(const struct selftest *run)
{
    return run->grades[GRADE_BAD]                                     ? SELFTEST_BAD
           : run->grades[GRADE_WARNING] || run->grades[GRADE_UNKNOWN] ? SELFTEST_WARNING
                                                                      : SELFTEST_GOOD;
}

static bool name_targets(struct selftest *run, const struct options *options)
{
    if (run->config)
        selftest_targets(run, !options->gateway_count, !options->server_count);
    for (size_t i = 0; i < options->gateway_count; i++)
        if (!selftest_target(run, SIDE_GATEWAY, options->gateways[i]))
            return false;
    for (size_t i = 0; i < options->server_count; i++)
        if (!selftest_target(run, SIDE_SERVER, options->servers[i]))
            return false;
    return run->target_count > 0 ||
           (command_error("selftest", "against whom? There is no configuration of a gateway: give "
                                      "--config, or --gateway and --server"),
            false);
}

static void make_id(struct selftest *run)
{
    unsigned char random[6] = {0};
    if (getrandom(random, sizeof random, 0) == sizeof random)
        hex_text((struct slice){(const char *)random, sizeof random}, run->id);
}

static int run_selftest(struct selftest *run, const struct options *options)
{
    make_id(run);
    if (!name_targets(run, options))
        return SELFTEST_NOT_RUN;
    for (size_t i = 0; i < run->target_count; i++)
        play_against(run, &run->targets[i], options->json);
    (options->json ? selftest_json_end : selftest_end)(run);
    return status_of(run);
}

int command_selftest(int argc, char *argv[])
{
    struct options options;
    struct configuration configuration = {.config = NULL};
    if (!read_options(argc, argv, &options))
        return command_usage(synopsis), SELFTEST_NOT_RUN;
    if (options.config && !configuration_open(options.config, &configuration))
        return SELFTEST_NOT_RUN;
    struct selftest run = {.config = configuration.config,
                           .arena = arena_new(ARENA_MAX),
                           .scratch = arena_new(ARENA_MAX),
                           .recipient = slice_of(options.recipient),
                           .sender = slice_of(options.sender),
                           .ca_file = SLICE("/etc/ssl/certs/ca-certificates.crt"),
                           .patience = (int64_t)options.patience * 1000};
    if (run.config)
        run.ca_file = run.config->settings.tls_ca_file;
    int status = run.arena && run.scratch ? run_selftest(&run, &options) : SELFTEST_NOT_RUN;
    arena_free(&run.scratch);
    arena_free(&run.arena);
    configuration_close(&configuration);
    return status;
}
